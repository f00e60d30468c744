"""Rules of the event bus, judged by ministack's implementation of EventBridge's pattern language: patterns.py PORT.

The events are the examples in docs/events.md, in the envelope that EventBridge gives them.
"""

import json
import pathlib
import re
import sys

import boto3

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVELOPE = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "account": "123456789012",
    "time": "2026-11-22T15:56:32Z",
    "region": "ap-southeast-1",
    "resources": [],
}


def documented():
    """The examples, and the pattern that the document gives."""
    text = (ROOT / "docs/events.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    events = [{**ENVELOPE, **block} for block in blocks if "detail-type" in block]
    [pattern] = re.findall(r'A rule can match it: `(\{.*\})`', text)
    return events, json.loads(pattern)


def rules(events, pattern):
    """Patterns, events, and whether a rule with the one takes the other."""
    [event] = [event for event in events if event["detail-type"] == "wecom.event"]
    changes = {event["detail"]["what"]: event for event in events if event["detail-type"] == "authorization.changed"}
    change, health = changes["contacts.secret"], changes["health"]
    created = {"detail": {"payload": {"ChangeType": ["create_user"]}}}
    return [
        (pattern, event, True),
        (created, event, True),
        (created, change, False),
        ({"detail": {"payload": {"ChangeType": ["delete_user"]}}}, event, False),
        ({"detail": {"payload": {"UserID": [{"prefix": "wang"}], "Event": ["change_contact"]}}}, event, True),
        ({"detail": {"payload": {"UserID": [{"prefix": "li"}]}}}, event, False),
        ({"detail": {"payload": {"MainDepartment": [{"exists": False}]}}}, event, True),
        # WeCom's values are texts, and stay so.
        ({"detail": {"payload": {"CreateTime": ["1795362992"]}}}, event, True),
        ({"detail": {"payload": {"CreateTime": [1795362992]}}}, event, False),
        ({"detail": {"replays": [{"numeric": ["=", 0]}], "tenant_id": ["acme"]}}, event, True),
        ({"detail-type": ["authorization.changed"], "detail": {"what": [{"suffix": ".secret"}], "to": ["rejected"]}}, change, True),
        ({"detail-type": ["authorization.changed"], "detail": {"what": ["health"], "to": ["broken"]}}, health, True),
        ({"detail-type": ["authorization.changed"], "detail": {"what": ["health"], "to": ["broken"]}}, change, False),
        ({"detail-type": ["authorization.changed"]}, event, False),
    ]


def match(port):
    """Whether every rule takes what it should, and nothing else."""
    client = boto3.client(
        "events", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    wrong = 0
    known = rules(*documented())
    for pattern, event, expected in known:
        answer = client.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))
        if answer["Result"] != expected:
            wrong += 1
            print(f"FAILED: {json.dumps(pattern)} takes {event['detail-type']}: {answer['Result']}")
    print(f"          {len(known) - wrong} of {len(known)} rules on fields of events match as they should")
    return wrong == 0


if __name__ == "__main__":
    sys.exit(0 if match(int(sys.argv[1])) else 1)
