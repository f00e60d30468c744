"""Checks a deployment from outside; see scripts/smoke."""

import argparse
import http.client
import json
import pathlib
import re
import secrets
import socket
import ssl
import sys
import time
import urllib.parse

import yaml
from envelope import sealed, signed

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUITE_FIELDS = ["suite_id", "suite_secret", "token", "encoding_aes_key", "provider_corp_id", "provider_secret"]


class Report:
    def __init__(self):
        self.good, self.wrong = 0, 0

    def check(self, what, good, fix):
        """Counts a check; `fix` says what was found and where it is put right."""
        if good:
            self.good += 1
            print(f"ok     {what}")
        else:
            self.wrong += 1
            print(f"WRONG  {what}\n       {fix}")
        return good


class Deployment:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def ask(self, method, target, headers=None, body=None):
        """Status, headers and body; redirects are not followed. `target` is a path, or a URL of this deployment."""
        parts = urllib.parse.urlsplit(target if "://" in target else self.url + target)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=30)
        path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def json(self, method, target, token):
        status, _, content = self.ask(method, target, {"authorization": f"Bearer {token}"})
        return status, json.loads(content) if content else None


def operations():
    """Method, path with its parameters filled in, and whether it takes a token: everything in openapi.yaml."""
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    for path, item in document["paths"].items():
        for method in ("get", "head", "put", "post", "delete"):
            if method in item:
                security = item[method].get("security", document.get("security", []))
                values = {"scope": "contacts"}
                filled = re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], "smoke-test"), path)
                yield method.upper(), filled, bool(security)


def reachable(report, deployment):
    """Name, certificate, and whether it answers at all."""
    parts = urllib.parse.urlsplit(deployment.url)
    try:
        socket.getaddrinfo(parts.hostname, parts.port or 443)
    except OSError as error:
        return report.check(f"{parts.hostname} resolves", False, f"{error}: point its CNAME to the output CustomDomainTarget or DistributionDomainName")
    try:
        deployment.ask("GET", "/")
    except ssl.SSLError as error:
        return report.check("TLS", False, f"{error}: CertificateArn has to be for this name; an origin behind edge.yaml answers CloudFront alone")
    except OSError as error:
        return report.check("it answers", False, f"{error}: is the stack deployed, and is this the output ApiUrl?")
    if parts.scheme == "https":
        with socket.create_connection((parts.hostname, parts.port or 443), timeout=10) as plain:
            with ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) as secure:
                days = (ssl.cert_time_to_seconds(secure.getpeercert()["notAfter"]) - time.time()) / 86400
        report.check("the certificate is valid for two weeks more", days > 14, f"it expires in {days:.0f} days: renew it in ACM")
    return True


def strangers(report, deployment):
    """What somebody without a token sees."""
    status, headers, _ = deployment.ask("GET", "/")
    kind = headers.get("content-type", "").split(";")[0]
    report.check("the admin page", (status, kind) == (200, "text/html"), f"{status} {kind}: see the log of the function console")
    report.check("the page's Content-Security-Policy", "default-src" in headers.get("content-security-policy", ""), "a proxy removed the header")
    status, _, content = deployment.ask("GET", "/assets/config.json")
    report.check("the page's configuration", status == 200 and isinstance(json.loads(content), dict), f"{status}")
    refused = {None: [], "Bearer smoke.test.token": []}
    for method, path, takes_token in operations():
        if takes_token:
            for authorization, taken in refused.items():
                status, _, _ = deployment.ask(method, path, {"authorization": authorization} if authorization else {})
                if status != 401:
                    taken.append(f"{method} {path}: {status}")
    for authorization, taken in refused.items():
        what = "a made-up token" if authorization else "no token"
        report.check(f"every admin route refuses {what}", not taken, f"{taken}: the authorizer AdminToken is not on the route")
    for path in ("/suite/callback", "/suite/callback/", "/callback/smoke-test", "/callback/smoke-test/"):
        for method in ("GET", "POST"):
            status, _, _ = deployment.ask(method, path, {"content-length": "0"} if method == "POST" else {})
            fix = f"{status}: 404 from API Gateway is a missing route; 5xx: see the function's log (is the suite's secret filled in?)"
            wanted = (400, 403) if path.startswith("/suite") else (400, 403, 404)
            report.check(f"{method} {path} refuses a stranger", status in wanted, fix)
    for method in ("GET", "POST"):
        status, _, _ = deployment.ask(method, "/installation/start/smoke-test", {"content-length": "0"} if method == "POST" else {})
        report.check(f"{method} of an install link that was never made", status in (303, 410), f"{status}: see the log of start-installation")
    status, headers, _ = deployment.ask("OPTIONS", "/authorization", {"origin": "https://smoke-test.invalid", "access-control-request-method": "GET"})
    allowed = headers.get("access-control-allow-origin")
    report.check("no foreign origin may call the API from a browser", allowed in (None, ""), f"{allowed}: CorsOrigins is too wide")


def tenant(report, deployment, token, send_event):
    """What the admin of the test tenant sees, and what WeCom would send to it. Answers the id of an event that was stored."""
    status, state = deployment.json("GET", "/authorization", token)
    if not report.check("the test tenant's token is taken", status == 200, f"{status}: 401: JwtIssuer, JwtAudience; 403: TenantClaim"):
        return None
    print(f"       tenant {state['tenant_id']}, next step {state['next_step']}, health {state['health']}")
    for target in ("/authorization/events?limit=1", "/authorization/audit?limit=1"):
        status, _ = deployment.json("GET", target, token)
        report.check(f"GET {target}", status == 200, f"{status}: see the log of read-authorization")
    callback = state["contacts"]["callback"]
    if callback["status"] != "verified":
        print("       its contacts callback is not verified yet: URL check and event were not tried")
        return None
    _, credentials = deployment.json("GET", "/authorization/contacts/credentials", token)
    url, corp_id = credentials["url"], state["contacts"]["secret"]["corp_id"]
    if not report.check("callback URLs begin with this address", url.startswith(deployment.url + "/"), f"{url}: BaseUrl or CustomDomainName"):
        return None
    message = str(secrets.randbelow(10**19)).encode()
    query = signed(credentials["token"], sealed(credentials["encoding_aes_key"], corp_id, message), echostr=True)
    started = time.monotonic()
    status, _, content = deployment.ask("GET", f"{url}?{query}")
    took = time.monotonic() - started
    report.check("a URL check is answered with exactly its message", (status, content) == (200, message), f"{status}: does a proxy change the query?")
    report.check("within WeCom's second", took < 1, f"{took:.2f} s: see docs/runbook.md#callback-latency")
    status, _, _ = deployment.ask("GET", f"{url}?{query.replace('msg_signature=', 'msg_signature=0')}")
    report.check("a wrong signature is refused", status == 403, f"{status}")
    if not send_event:
        return None
    user = f"smoke-test-{secrets.token_hex(8)}"
    event = (
        f"<xml><ToUserName>{corp_id}</ToUserName><FromUserName>sys</FromUserName><CreateTime>{int(time.time())}</CreateTime>"
        f"<MsgType>event</MsgType><Event>change_contact</Event><ChangeType>update_user</ChangeType><UserID>{user}</UserID></xml>"
    )
    for _ in range(2):
        encrypted = sealed(credentials["encoding_aes_key"], corp_id, event.encode())
        envelope = f"<xml><ToUserName>{corp_id}</ToUserName><Encrypt>{encrypted}</Encrypt></xml>".encode()
        query = signed(credentials["token"], encrypted)
        status, _, content = deployment.ask("POST", f"{url}?{query}", {"content-type": "text/xml"}, envelope)
        report.check("an event is accepted", (status, content) == (200, b"success"), f"{status}: see the log of event-callback")
    _, page = deployment.json("GET", "/authorization/events?limit=20", token)
    found = [entry for entry in page["events"] if (entry.get("payload") or {}).get("UserID") == user]
    report.check("and is there once, although it was sent twice", len(found) == 1, f"{len(found)} times: see the log of event-callback")
    return found[0]["event_id"] if found else None


def stack(report, deployment, name, region, event_id):
    """What an operator with AWS credentials sees of the stack."""
    import boto3

    session = boto3.Session(region_name=region)
    [described] = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    status = described["StackStatus"]
    if not report.check("the stack is complete", status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), f"{status}: docs/deploy.md#if-the-first-deployment-fails"):
        return
    report.check("this is the stack's address", outputs.get("ApiUrl") == deployment.url, f"its output ApiUrl is {outputs.get('ApiUrl')}")
    alarms = session.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{name}-")["MetricAlarms"]
    raised = [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
    report.check(f"none of {len(alarms)} alarms is raised", alarms and not raised, f"{raised or 'there are none'}: see docs/runbook.md")
    secret = session.client("secretsmanager").get_secret_value(SecretId=outputs["SuiteSecretArn"])["SecretString"]
    empty = [field for field in SUITE_FIELDS if not json.loads(secret).get(field)]
    report.check("the suite's secret is filled in", not empty, f"empty: {empty}; see docs/deploy.md, step 4")
    topic = session.client("sns").list_subscriptions_by_topic(TopicArn=outputs["AlarmTopicArn"])["Subscriptions"]
    confirmed = [one for one in topic if one["SubscriptionArn"].startswith("arn:")]
    report.check("somebody gets the alarms", confirmed, "set AlarmEmail, and confirm it from the mailbox")
    if "EgressIp" in outputs:
        addresses = session.client("ec2").describe_addresses(PublicIps=[outputs["EgressIp"]])["Addresses"]
        used = addresses and addresses[0].get("AssociationId")
        report.check(f"the NAT gateway has the address {outputs['EgressIp']}", used, "WeCom's lists name an address that is not in use")
    if event_id:
        session.client("dynamodb").delete_item(TableName=outputs["EventTableName"], Key={"event_id": {"S": event_id}})
        print("       the event was deleted again")


def main():
    parser = argparse.ArgumentParser(prog="scripts/smoke", description="Checks a deployment from outside.")
    parser.add_argument("url", help="the output ApiUrl")
    parser.add_argument("--token-file", type=pathlib.Path, help="file with the token of an admin of a test tenant")
    parser.add_argument("--event", action="store_true", help="send an event of the test tenant, twice")
    parser.add_argument("--stack", help="name of the stack, read with the AWS credentials of this shell")
    parser.add_argument("--region", help="region of the stack")
    arguments = parser.parse_args()
    report, deployment, event_id = Report(), Deployment(arguments.url), None
    if reachable(report, deployment):
        strangers(report, deployment)
        if arguments.token_file:
            token = arguments.token_file.read_text().strip()
            event_id = tenant(report, deployment, token, arguments.event)
    if arguments.stack:
        stack(report, deployment, arguments.stack, arguments.region, event_id)
    elif event_id:
        print("       the event stays until EVENT_RETENTION_DAYS are over; with --stack it would have been deleted")
    print(f"{report.good} right, {report.wrong} wrong")
    sys.exit(1 if report.wrong else 0)


if __name__ == "__main__":
    main()
