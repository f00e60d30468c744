"""Handles every event of a tenant once: what a consumer does that was away. Usage: consumer.py BASE_URL ADMIN_TOKEN"""

import sys

from wecom_authorization_client import SeenInMemory, list_events, name_of, once


def handle(event):
    about = f" {event['payload']['UserID']}" if name_of(event) == "change_contact/create_user" else ""
    print(f"{name_of(event)}{about}")


base_url, token = sys.argv[1:]
seen = SeenInMemory()

# Twice, as when it starts again: the second time there is nothing to do.
for number in ["first", "second"]:
    events = list_events(base_url, token, {"event": "change_contact"}, page_size=2)
    print(f"{number}: {sum(once(seen, event, handle) for event in events)}")
