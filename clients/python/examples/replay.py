"""Publishes a tenant's events of a time again: what a consumer does that lost some, and no longer knows which.

    replay.py BASE_URL TOKEN_FILE PROGRESS_FILE --since 2026-11-22T00:00:00Z --until 2026-11-23T00:00:00Z --event change_contact

PROGRESS_FILE gets the id of each event that was published again. Ctrl-C stops; the same command goes on where it stopped. The token is
read again for each request, so that it may be renewed meanwhile.
"""

import argparse
import sys
import time
from pathlib import Path

from wecom_authorization_client import ApiError, list_events, replay_event

parser = argparse.ArgumentParser()
parser.add_argument("base_url")
parser.add_argument("token_file", type=Path)
parser.add_argument("progress_file", type=Path)
parser.add_argument("--since", required=True, help="arrived then or later (RFC 3339)")
parser.add_argument("--until", required=True, help="arrived before then (RFC 3339); in the past, so that each run means the same events")
parser.add_argument("--scope", choices=["contacts", "external-contacts"])
parser.add_argument("--event")
parser.add_argument("--change-type", dest="change_type")
parser.add_argument("--rate", type=float, default=5, help="events a second (default: 5)")
parser.add_argument("--at-most", type=int, default=sys.maxsize, help="stop after so many")
arguments = parser.parse_args()


def token():
    return arguments.token_file.read_text().strip()


def replayed(event_id):
    """Publishes one again; waits while the API refuses for a time. False: it is no longer stored."""
    for pause in (1, 2, 4, 8, 16, 32, None):
        try:
            replay_event(arguments.base_url, token, event_id)
            return True
        except ApiError as error:
            if error.status == 404:
                return False
            if pause is None or error.status not in (429, 500, 503):
                raise
            time.sleep(error.retry_after or pause)


names = ("since", "until", "scope", "event", "change_type")
wanted = {name: getattr(arguments, name) for name in names if getattr(arguments, name)}
done = set(arguments.progress_file.read_text().split()) if arguments.progress_file.exists() else set()
before, gone = len(done), 0
try:
    with arguments.progress_file.open("a") as progress:
        for event in list_events(arguments.base_url, token, wanted):
            if event["event_id"] in done:
                continue
            if len(done) - before == arguments.at_most:
                break
            gone += not replayed(event["event_id"])
            done.add(event["event_id"])
            print(event["event_id"], file=progress, flush=True)
            if len(done) % 100 == 0:
                print(f"{len(done)} so far, back to {event['received_at']}", flush=True)
            time.sleep(1 / arguments.rate)
except KeyboardInterrupt:
    print("stopped; the same command goes on")
print(f"{len(done) - before} now, {len(done)} in all, {gone} no longer stored")
