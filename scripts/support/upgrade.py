"""Uses what another release has stored: upgrade.py LOCAL_JSON forward | back; see scripts/upgrade-test."""

import json
import secrets
import sys
import time
import urllib.parse
import urllib.request

import boto3
from envelope import sealed, signed

LOCAL = json.load(open(sys.argv[1]))
DIRECTION = sys.argv[2]
BASE, TOKEN = LOCAL["base_url"], LOCAL["admin_token"]
checks = 0


def check(what, got, wanted):
    global checks
    if got != wanted:
        sys.exit(f"FAILED {what}: got {got!r}, wanted {wanted!r}")
    checks += 1


def ask(method, target, body=None, token=TOKEN):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    if body is not None and not isinstance(body, bytes):
        body, headers["content-type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(BASE + target, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def admin(method, target, body=None):
    status, content = ask(method, target, body)
    if status >= 300:
        sys.exit(f"FAILED {method} {target}: {status}: {content.decode()}")
    return json.loads(content) if content else None


def all_pages(target, name):
    found, cursor = [], None
    while True:
        page = admin("GET", f"{target}?limit=50" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""))
        found += page[name]
        cursor = page.get("next_cursor")
        if not cursor:
            return found


def tables():
    """Everything in the two tables: kind of item → its items."""
    store = boto3.client("dynamodb", endpoint_url=LOCAL["aws_endpoint_url"], region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local")
    kinds = {}
    for table, key in (("wecom-authorization", ("pk", "sk")), ("wecom-events", ())):
        for page in store.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                kind = " ".join([table] + [item[name]["S"].split("#")[0] for name in key])
                kinds.setdefault(kind, []).append(item)
    return kinds


def types(item, prefix=""):
    """Attribute paths and their types, through maps."""
    for name, value in item.items():
        [(kind, content)] = value.items()
        yield f"{prefix}{name}:{kind}"
        if kind == "M":
            yield from types(content, f"{prefix}{name}.")


def deliver(credentials, corp_id, user):
    event = (
        f"<xml><ToUserName>{corp_id}</ToUserName><FromUserName>sys</FromUserName><CreateTime>{int(time.time())}</CreateTime>"
        f"<MsgType>event</MsgType><Event>change_contact</Event><ChangeType>update_user</ChangeType><UserID>{user}</UserID></xml>"
    )
    encrypted = sealed(credentials["encoding_aes_key"], corp_id, event.encode())
    envelope = f"<xml><ToUserName>{corp_id}</ToUserName><Encrypt>{encrypted}</Encrypt></xml>".encode()
    path = urllib.parse.urlsplit(credentials["url"]).path
    return ask("POST", f"{path}?{signed(credentials['token'], encrypted)}", envelope, token=None)


def url_check(credentials, corp_id):
    message = str(secrets.randbelow(10**19)).encode()
    query = signed(credentials["token"], sealed(credentials["encoding_aes_key"], corp_id, message), echostr=True)
    path = urllib.parse.urlsplit(credentials["url"]).path
    check("a URL check", ask("GET", f"{path}?{query}", token=None), (200, message))


# What is no longer written, and what the release before makes of it (CHANGELOG.md): it ignores an event of the suite that it cannot open.
GONE = {"wecom-authorization SUITEEVENT EVENT": {"payload:S"}}

# Kinds of items that are not among what the release before has left: it has none of these, so it never reads them.
NEW = {"ASSIST"}

before = tables()
state = admin("GET", "/authorization")
check("the tenant is all set up", (state["next_step"], state["installation"]["status"]), ("done", "installed"))
corp_id = state["contacts"]["secret"]["corp_id"]
events = all_pages("/authorization/events", "events")
check("events of the other release are listed", len(events) >= 3, True)
audit = all_pages("/authorization/audit", "entries")
check("its audit trail too", len(audit) >= 5, True)
old = admin("GET", "/authorization/contacts/credentials")
url_check(old, corp_id)
check("an event with its credentials", deliver(old, corp_id, f"user-{secrets.token_hex(4)}"), (200, b"success"))
check("the event is there", len(all_pages("/authorization/events", "events")), len(events) + 1)

if DIRECTION == "forward":
    new = admin("POST", "/authorization/contacts/credentials", {"rotate": True})
    new = new.get("credentials", new)
    url_check(new, corp_id)
    check("an event with the new ones", deliver(new, corp_id, "new"), (200, b"success"))
    check("an event with the old ones", deliver(old, corp_id, "old"), (200, b"success"))
    admin("POST", f"/authorization/events/{events[0]['event_id']}/replay", {})
    admin("PUT", "/authorization/settings", {"callback_base_url": None})
    admin("POST", "/authorization/installation", {})
    admin("POST", "/authorization/assist-links", {"scope": "contacts"})
    check("the audit trail goes on", len(all_pages("/authorization/audit", "entries")) > len(audit), True)
    missing, after = [], tables()
    known = {kind.split()[1] for kind in before if " " in kind} | NEW
    check("kinds of items that nobody thought of", {kind.split()[1] for kind in after if " " in kind} - known, set())
    for kind, items in after.items():
        # What every item of a kind had, the release before may ask of every item of that kind.
        if kind in before:
            needed = set.intersection(*[set(types(item)) for item in before[kind]]) - GONE.get(kind, set())
            missing += [f"{kind}: {sorted(needed - set(types(item)))}" for item in items if needed - set(types(item))]
    if missing:
        sys.exit("FAILED: the release before needs what is no longer written:\n" + "\n".join(missing))
print(f"{DIRECTION}: {checks} checks passed, {sum(map(len, before.values()))} items of {len(before)} kinds")
