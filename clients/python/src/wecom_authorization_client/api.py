"""Reading events from the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypedDict, cast
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from .events import StoredEvent


class EventFilter(TypedDict, total=False):
    """Which events are wanted."""

    scope: Literal["contacts", "external-contacts", "app"]
    event: str
    change_type: str
    since: str
    """Arrived then or later, RFC 3339."""
    until: str
    """Arrived before then, RFC 3339."""


class ApiError(Exception):
    """The API refused: ``code`` is stable, docs/errors.md lists all."""

    def __init__(self, status: int, code: str, retry_after: int | None) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.retry_after = retry_after
        """Seconds after which to try again, if the API says so."""


Token = str | Callable[[], str]
"""The admin's token, or what gets a fresh one."""


def list_events(
    base_url: str, token: Token, filter: EventFilter | None = None, page_size: int = 100
) -> Iterator[StoredEvent]:
    """Every event of the tenant that the filter lets through, newest first, page by page."""
    query: dict[str, Any] = {**(filter or {}), "limit": page_size}
    while True:
        page = _get(base_url, token, f"/authorization/events?{urlencode(query)}")
        yield from page["events"]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def read_event(base_url: str, token: Token, id_or_path: str) -> StoredEvent:
    """One event, whole: by its id, or by the ``payload_at`` of an event that was too large for the bus."""
    path = id_or_path if id_or_path.startswith("/") else f"/authorization/events/{quote(id_or_path, safe='')}"
    return cast(StoredEvent, _get(base_url, token, path))


def replay_event(base_url: str, token: Token, event_id: str) -> None:
    """Publishes an event again, on the bus and as a webhook. Its ``event_id`` stays the same."""
    _send(base_url, token, "POST", f"/authorization/events/{quote(event_id, safe='')}/replay")


def _get(base_url: str, token: Token, path: str) -> Any:
    return json.loads(_send(base_url, token, "GET", path))


def _send(base_url: str, token: Token, method: str, path: str) -> bytes:
    bearer = token if isinstance(token, str) else token()
    request = Request(base_url + path, method=method, headers={"authorization": f"Bearer {bearer}"})
    try:
        with urlopen(request, timeout=30) as response:
            return cast(bytes, response.read())
    except HTTPError as error:
        try:
            problem = json.load(error)
        except ValueError:
            problem = {}
        raise ApiError(error.code, problem.get("code", "unknown"), problem.get("retry_after")) from None
