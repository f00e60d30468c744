#!/usr/bin/env python3
"""Writes the seeds of the corpora: test vectors, sample invocations, and values of the tests."""

import json
from pathlib import Path

here = Path(__file__).parent
seeds = []


def add(target, text):
    if isinstance(text, str):
        seeds.append((target, text.encode()))


for vector in json.loads((here / "../tests/vectors/wecom.json").read_text()):
    add("query", vector.get("raw_query"))
    add("envelope", vector.get("post_body"))
    add("message", vector["plaintext"])
    message = vector["plaintext"].encode()
    plaintext = b"r" * 16 + len(message).to_bytes(4, "big") + message + b"ww01"
    padding = 32 - len(plaintext) % 32
    seeds.append(("cipher", plaintext + bytes([padding]) * padding))

for body in [
    '{"scope":"contacts"}', '{"rotate":true}', '{"suite_id":"ww01"}', '{"corp_id":"ww01"}', '{"send_event":true}',
    '{"corp_id":"ww01","secret":"s","agent_id":1,"kind":"self_built_app"}', '{"callback_base_url":"https://e.example"}',
    'scope=contacts&event=change_contact&since=2026-11-22T00:00:00Z&limit=20&cursor=AAAA', 'health=broken&query=a&step=done',
]:
    add("body", body)
    add("record", body)

for record in [
    '{"tenant_id":"acme","version":1,"installation":{"status":"installed"},"settings":{}}',
    '{"callback_id":"%s","tenant_id":"acme","scope":"contacts","current":{"number":1,"sealed":"k.AAAA","created_at":'
    '"2026-11-22T00:00:00Z"}}' % ("a" * 32),
    '{"primary":"k","keys":{"k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}',
]:
    add("record", record)

for path in sorted((here / "../events").glob("*/*.json")):
    sample = json.loads(path.read_text())
    if isinstance(sample, dict):
        add("query", sample.get("rawQueryString"))
        add("envelope", sample.get("body"))

for value in [
    "Tom & Jerry", "a&nbsp;b", "a<b", "a<b>c<i>d</i>", "<![CDATA[a", "<![CDATA[a]]>", "&#60;", "<!-- a", "<?a ?>",
    "</Name><Event>x</Event><Name>", "</xml><xml><Event>x</Event>", "<!DOCTYPE a>",
]:
    add("damaged", value)

for answer in [
    '{"errcode":0,"errmsg":"ok","access_token":"t","expires_in":7200}',
    '{"suite_access_token":"t","expires_in":"7200","provider_access_token":"t"}',
    '{"errcode":40001,"errmsg":"invalid credential, from ip: 203.0.113.9"}',
    '{"permanent_code":"c","auth_corp_info":{"corpid":"w","corp_name":"n"},"auth_user_info":{"userid":"u"},"state":"s"}',
    '{"auth_corp_info":{"corpid":"w"},"auth_info":{"agent":[{"agentid":1,"auth_mode":0,"is_customized_app":true,'
    '"privilege":{"level":1,"allow_party":[1],"allow_user":["u"]}}]}}',
    '{"errcode":0,"app_permissions":["a:b:c"],"app_permissions_ext":[{"permission_name":"a:b:c","expire_time":1}]}',
    '{"errcode":0,"license_status":1,"trail_info":{"start_time":1,"end_time":2},"license_check_time":3}',
    '{"errcode":0,"agentid":1,"name":"n","close":0,"customized_publish_status":1,"qrcode_url":"https://e.example"}',
    '{"errcode":0,"follow_user":["u"],"dept_user":[{"userid":"u"}],"open_corpid":"w","pre_auth_code":"p"}',
]:
    add("answer", answer)

for number, (target, seed) in enumerate(seeds):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{number}").write_bytes(seed)
