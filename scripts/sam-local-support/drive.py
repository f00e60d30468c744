"""Binds a corporation through `sam local start-api`, as an admin, his browser and WeCom do.

WeCom's cryptography is that of scripts/support/envelope.py, so that nothing of the product's own judges the product.
"""

import http.client
import json
import os
import secrets
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from envelope import sealed, signed  # noqa: E402

API, LOCAL_JSON = sys.argv[1:]
with open(LOCAL_JSON, encoding="utf-8") as file:
    LOCAL = json.load(file)
SIMULATOR = LOCAL["simulator_url"]
CORP = "ww0a1b2c3d4e5f6071"  # a corporation that the simulator has from the start
checks = 0


def check(what, got, wanted):
    global checks
    if got != wanted:
        sys.exit(f"FAILED {what}: got {got!r}, wanted {wanted!r}")
    checks += 1
    print(f"ok     {what}")


def call(method, url, body=None, content_type="application/json", headers=None):
    """Status, headers, body. Redirects are not followed."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    headers = dict(headers or {})
    if body is not None:
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers["content-type"] = content_type
    connection.request(method, urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, "")), body, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def parsed(answer):
    return json.loads(answer[2])


def echostr_with_all_signs(encoding_aes_key, receive_id, message):
    """One that has `+`, `/` and `=`, which a URL must escape."""
    while True:
        encrypted = sealed(encoding_aes_key, receive_id, message)
        if "+" in encrypted and "/" in encrypted and encrypted.endswith("="):
            return encrypted


# The page, and the admin whom LOCAL_TENANT_ID stands in for.
status, headers, page = call("GET", f"{API}/")
check("the admin page", (status, headers["content-type"].split(";")[0]), (200, "text/html"))
state = parsed(call("GET", f"{API}/authorization"))
check("the tenant that is set locally", (state["tenant_id"], state["next_step"]), ("demo", "install"))

# Step 1, in a browser that keeps its cookie.
status, _, body = call("POST", f"{API}/authorization/installation", {})
check("an install link", status, 201)
link = json.loads(body)["install_url"]
status, headers, _ = call("GET", link)
check("the link shows a page", (status, headers["content-type"].split(";")[0]), (200, "text/html"))
status, headers, _ = call("POST", link)
check("its button leads to WeCom", (status, headers["location"].split("?")[0]), (303, f"{SIMULATOR}/3rdapp/install"))
cookie = headers["set-cookie"].split(";")[0]
confirmed = parsed(
    call(
        "POST",
        f"{SIMULATOR}/_simulator/install",
        {"url": headers["location"], "corp_id": CORP, "auth_mode": "admin"},
    )
)
status, headers, _ = call("GET", confirmed["redirect_url"], headers={"cookie": cookie})
check("WeCom's redirect installs", (status, "installation=installed" in headers["location"]), (303, True))

# Step 2.
secret = call("GET", f"{SIMULATOR}/_simulator/corps/{CORP}/secrets/contacts")[2].decode().strip()
status, _, body = call("PUT", f"{API}/authorization/contacts/secret", {"secret": secret, "corp_id": CORP})
check("the contacts Secret is taken", status, 200)
credentials = json.loads(body)["credentials"]
token, key, url = credentials["token"], credentials["encoding_aes_key"], credentials["url"]

message = str(secrets.randbelow(10**19)).encode()
echostr = echostr_with_all_signs(key, CORP, message)
query = signed(token, echostr, echostr=True)
status, headers, body = call("GET", f"{url}?{query}")
check("the URL check is answered with exactly the plaintext", (status, body), (200, message))
check("as plain text", headers["content-type"].split(";")[0], "text/plain")
status, _, _ = call("GET", f"{url}?{query.replace('msg_signature=', 'msg_signature=0')}")
check("a wrong signature is refused", status, 403)

# The suite's own callback, the same way.
suite = LOCAL["suite"]
echostr = echostr_with_all_signs(suite["encoding_aes_key"], suite["provider_corp_id"], message)
status, _, body = call("GET", f"{API}/suite/callback?{signed(suite['token'], echostr, echostr=True)}")
check("the check of the suite's URL too", (status, body), (200, message))

# An event, sent twice.
event = (
    f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
    f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>"
    f"<ChangeType><![CDATA[create_user]]></ChangeType><UserID><![CDATA[张三-{os.getpid()}]]></UserID></xml>"
)
for attempt in ("an event is stored", "the same again is answered alike"):
    encrypted = sealed(key, CORP, event.encode())
    envelope = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    status, _, body = call("POST", f"{url}?{signed(token, encrypted)}", envelope.encode(), "text/xml")
    check(attempt, (status, body), (200, b"success"))
events = parsed(call("GET", f"{API}/authorization/events"))["events"]
found = [(event["event"], event["change_type"], event["payload"]["UserID"]) for event in events]
check("and is there once", found, [("change_contact", "create_user", f"张三-{os.getpid()}")])

state = parsed(call("GET", f"{API}/authorization"))
check("the page would be green", state["contacts"]["callback"]["status"], "verified")
print(f"{checks} checks passed")
