"""Checks a webhook: webhook.py SECRET. It comes on standard input, as {"headers": …, "body": …}; a server has both at hand."""

import json
import sys

from standardwebhooks.webhooks import Webhook
from wecom_authorization_client import SeenInMemory, once

seen = SeenInMemory()  # In production: a table beside your own, in the same transaction.


def receive(headers, body):
    event = Webhook(sys.argv[1]).verify(body, headers)  # Raises unless the signature is right and at most five minutes old.
    if event["detail-type"] == "wecom.event":
        once(seen, event["detail"], lambda detail: print(detail["event_id"], detail.get("payload", {}).get("UserID", "")))


if __name__ == "__main__":
    webhook = json.load(sys.stdin)
    receive(webhook["headers"], webhook["body"])
