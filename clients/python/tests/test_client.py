"""The client against the catalogue's own examples, and against a server that answers as the API does."""

import json
import unittest
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import NotRequired, get_args, get_origin, get_type_hints

from wecom_authorization_client import (
    AccessTokens,
    ApiError,
    BusEvent,
    SeenInMemory,
    TokenError,
    list_events,
    name_of,
    once,
    read_event,
)
from wecom_authorization_client.catalogue import PAYLOADS

ASYNCAPI = json.loads((Path(__file__).parents[3] / "docs/asyncapi.json").read_text())
MESSAGES = [
    example["payload"]
    for message in ASYNCAPI["channels"]["bus"]["messages"].values()
    for example in message["examples"]
]
EXAMPLES = [message for message in MESSAGES if message["detail-type"] == "wecom.event"]


class Api:
    """A server on a free port."""

    def __init__(self, answer):
        self.asked = asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers["authorization"]))
                status, body = answer(self.path)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *arguments):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._server.server_close()


class Client(unittest.TestCase):
    def test_every_example_of_the_catalogue_has_a_type_that_names_its_members(self):
        self.assertGreater(len(EXAMPLES), 50)
        for event in EXAMPLES:
            payload_type = PAYLOADS[name_of(event["detail"])]
            payload = event["detail"]["payload"]
            members = get_type_hints(payload_type, include_extras=True)
            required = {name for name, member in members.items() if get_origin(member) is not NotRequired}
            self.assertLessEqual(required, payload.keys())
            self.assertLessEqual(payload.keys(), members.keys())

    def test_every_message_of_the_bus_has_a_type_that_names_its_members(self):
        hints = [get_type_hints(message, include_extras=True) for message in get_args(BusEvent)]
        details = {get_args(hint["detail-type"])[0]: hint["detail"] for hint in hints}
        self.assertEqual({message["detail-type"] for message in MESSAGES}, details.keys())
        for message in MESSAGES:
            members = get_type_hints(details[message["detail-type"]], include_extras=True)
            required = {name for name, member in members.items() if get_origin(member) is not NotRequired}
            self.assertLessEqual(required - {"binding_id"}, message["detail"].keys())
            self.assertLessEqual(message["detail"].keys(), members.keys())

    def test_an_event_is_handled_once_and_again_when_its_handler_failed(self):
        seen, handled = SeenInMemory(2), []

        def fail(event):
            raise RuntimeError("down")

        def handle(event):
            handled.append(event["event_id"])

        with self.assertRaises(RuntimeError):
            once(seen, {"event_id": "a"}, fail)
        self.assertTrue(once(seen, {"event_id": "a"}, handle))
        self.assertFalse(once(seen, {"event_id": "a"}, handle))
        for event_id in "bca":
            once(seen, {"event_id": event_id}, handle)
        self.assertEqual(handled, ["a", "b", "c", "a"], "the oldest is forgotten when there is no room")

    def test_pages_are_followed_to_the_end_with_the_filter_and_the_token(self):
        def answer(path):
            last = "cursor=next" in path
            return 200, {"events": [{"event_id": "2" if last else "1"}], "next_cursor": None if last else "next"}

        with Api(answer) as api:
            events = list(list_events(api.base_url, lambda: "t", {"event": "change_contact"}, page_size=1))
        self.assertEqual([event["event_id"] for event in events], ["1", "2"])
        first = "/authorization/events?event=change_contact&limit=1"
        self.assertEqual(api.asked, [(first, "Bearer t"), (first + "&cursor=next", "Bearer t")])

    def test_a_refusal_has_its_code(self):
        with Api(lambda path: (429, {"code": "too_many_attempts", "retry_after": 7})) as api:
            with self.assertRaises(ApiError) as refused:
                read_event(api.base_url, "t", "abc")
        error = refused.exception
        self.assertEqual((error.status, error.code, error.retry_after), (429, "too_many_attempts", 7))

    def test_a_token_is_asked_for_once_while_it_is_good_and_anew_when_wecom_refuses_it(self):
        asked = []
        lifetime = timedelta(hours=1)

        def invoke(payload):
            asked.append(json.loads(payload))
            ends = (datetime.now(UTC) + lifetime).isoformat().replace("+00:00", "Z")
            return json.dumps({"access_token": f"token-{len(asked)}", "expires_at": ends}), False

        tokens = AccessTokens(invoke)
        self.assertEqual(tokens.get("acme", "contacts"), "token-1")
        self.assertEqual(tokens.get("acme", "contacts"), "token-1")
        lifetime = timedelta(seconds=30)
        self.assertEqual(tokens.replace("acme", "contacts", "token-1"), "token-2")
        self.assertEqual(tokens.get("acme", "contacts"), "token-3", "one that ends within a minute is not used")
        self.assertEqual(asked[1]["rejected_access_token"], "token-1")

    def test_the_brokers_refusal_has_its_code(self):
        with self.assertRaises(TokenError) as refused:
            AccessTokens(lambda payload: ('{"errorType": "not_installed", "errorMessage": "no"}', True)).get("acme", "contacts")
        self.assertEqual(refused.exception.code, "not_installed")


if __name__ == "__main__":
    unittest.main()
