"""Sets the first tenant up, with WeCom simulated, and writes what schemathesis is to know of it.

    prepare.py RUN    reads RUN/data/local.json, writes RUN/schemathesis.toml and the tokens: RUN/token, RUN/second-token, RUN/operator-token
"""

import http.client
import json
import sys
import urllib.parse
from pathlib import Path

RUN = Path(sys.argv[1])
LOCAL = json.loads((RUN / "data" / "local.json").read_text())
PRODUCT, WECOM = LOCAL["base_url"], LOCAL["simulator_url"]
SCOPES = ("contacts", "external-contacts")


def call(method, url, body=None, **headers):
    """Answers the JSON, or the headers of a redirect."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body)
    connection.request(method, target, body, headers)
    response = connection.getresponse()
    content = response.read()
    if response.status >= 400:
        sys.exit(f"{method} {url} was answered {response.status}: {content.decode(errors='replace')}")
    return dict(response.getheaders()) if response.status >= 300 else json.loads(content)


def admin(method, path, body=None):
    return call(method, PRODUCT + path, body, Authorization=f"Bearer {LOCAL['admin_token']}")


corp = call("GET", f"{WECOM}/_simulator/state")["corps"][0]
link = admin("POST", "/authorization/installation", {})["install_url"]
opened = call("POST", link)
confirmed = call("POST", f"{WECOM}/_simulator/install", {"url": opened["location"], "corp_id": corp["corp_id"]})
call("GET", confirmed["redirect_url"], Cookie=opened["set-cookie"].partition(";")[0])
pasted = {}
for scope in SCOPES:
    entry = {"secret": corp["secrets"][scope], "corp_id": corp["corp_id"]}
    pasted[scope] = admin("PUT", f"/authorization/{scope}/secret", entry)["credentials"]
    form = {name: pasted[scope][name] for name in ("url", "token", "encoding_aes_key")}
    call("PUT", f"{WECOM}/_simulator/corps/{corp['corp_id']}/callbacks/{scope}", form)
admin("POST", "/authorization/completion")
for event in ("change_contact/create_user", "change_contact/update_user", "change_contact/delete_user"):
    call("POST", f"{WECOM}/_simulator/corps/{corp['corp_id']}/events", {"scope": "contacts", "event": event})
if admin("GET", "/authorization")["next_step"] != "done":
    sys.exit("the first tenant is not set up")
page = admin("GET", "/authorization/events?limit=1")
cursors = [page["next_cursor"], admin("GET", "/authorization/audit?limit=1")["next_cursor"]]
assist = admin("POST", "/authorization/assist-links", {"scope": "contacts"})["url"]
days = {"since": "2026-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z", "per_minute": 1}
replay = admin("POST", "/authorization/events/replays", days)["replay_id"]
unused = admin("POST", "/authorization/installation", {})["install_url"]
(RUN / "token").write_text(LOCAL["admin_token"])
(RUN / "operator-token").write_text(LOCAL["operator_token"])
(RUN / "second-token").write_text(LOCAL["second_tenant"]["admin_token"])


def both(*names):
    """The operations of these names, of the first binding and of any."""
    return json.dumps([name + suffix for name in names for suffix in ("", "OfBinding")])


def dictionary(name, *values):
    return f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n"


(RUN / "schemathesis.toml").write_text(
    f"""base-url = {json.dumps(PRODUCT)}
continue-on-failure = true
warnings = false

[cache]
enabled = false

[generation]
# No findings of earlier runs.
database = "none"
# No halves of surrogate pairs: nothing but JSON's escapes could carry them.
codec = "utf-8"

[phases.stateful]
enabled = false

[checks.unsupported_method]
# API Gateway answers a method that a path does not have like a path that there is not: 404.
enabled = false

[[operations]]
include-operation-id = {both("registerSecret", "updateSettings")}
# What is well formed may still be wrong: no Secret of this corporation, no public domain name.
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 404, 409, 422, 429]

[[operations]]
include-operation-id = ["openInstallLink", "followInstallLink"]
checks.positive_data_acceptance.expected-statuses = [200, 303, 410]
checks.negative_data_rejection.expected-statuses = [200, 303, 404, 410]

[[operations]]
include-operation-id = ["lookAtAssistLink", "openAssistLink", "readAssistStatus"]
# A link works once, and its status is for the browser that opened it.
checks.positive_data_acceptance.expected-statuses = [200, 404, 409, 410]
checks.negative_data_rejection.expected-statuses = [404, 409, 410]

[[operations]]
include-operation-id = ["readHelp"]
# An empty parameter counts as absent.
checks.negative_data_rejection.expected-statuses = [200, 400, 404]

[[operations]]
include-operation-id = {both("startInstallation")}
# An id of a suite that this deployment does not have.
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 404, 422]

[[operations]]
include-operation-id = {both("confirmInstallation")}
# No corporation waits to be confirmed.
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 404, 409]

[[operations]]
include-operation-id = ["checkTenant"]
# Ten checks in ten minutes; the second tenant has installed nothing.
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 404, 409, 429]

[[operations]]
include-operation-id = ["startReplay", "startReplayOfBinding", "startReplayOfAll"]
# A time that ends before it begins, or another replay that runs.
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 404, 409, 422]

[[operations]]
include-operation-id = ["listEvents", "listEventsOfBinding", "listAudit", "listAuditOfBinding", "listTenants", "listClaims",
                        "findPersonEvents", "findPersonEventsOfBinding", "findTenantPersonEvents"]
# A cursor belongs to one query of one tenant.
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 404]

{dictionary("bindings", "first")}
{dictionary("callbacks", *(pasted[scope]["url"].rpartition("/")[2] for scope in SCOPES))}
{dictionary("secrets", corp["secrets"]["contacts"], corp["secrets"]["external-contacts"])}
{dictionary("corporations", corp["corp_id"])}
{dictionary("cursors", *cursors)}
{dictionary("events", page["events"][0]["event_id"])}
{dictionary("replays", replay)}
{dictionary("links", unused.rpartition("/")[2])}
{dictionary("assist_links", assist.rpartition("/")[2])}
{dictionary("tenants", LOCAL["tenant_id"])}
{dictionary("files", "page.js", "page.css", "mark.svg", "texts/en.json")}
[parameters]
"path.binding_id" = {{ dictionary = "bindings", probability = 0.7 }}
"path.callback_id" = {{ dictionary = "callbacks", probability = 0.7 }}
"path.tenant_id" = {{ dictionary = "tenants", probability = 0.5 }}
"path.replay_id" = {{ dictionary = "replays", probability = 0.5 }}
"path.event_id" = {{ dictionary = "events", probability = 0.5 }}
"path.nonce" = {{ dictionary = "links", probability = 0.5 }}
"path.token" = {{ dictionary = "assist_links", probability = 0.5 }}
"path.file" = {{ dictionary = "files", probability = 0.5 }}
"query.cursor" = {{ dictionary = "cursors", probability = 0.5 }}
"body.secret" = {{ dictionary = "secrets", probability = 0.7 }}
"body.corp_id" = {{ dictionary = "corporations", probability = 0.7 }}
"""
)
