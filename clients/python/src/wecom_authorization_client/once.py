"""Handling each event once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

E = TypeVar("E", bound=Mapping[str, Any])


class SeenEvents(Protocol):
    """Which events have been handled. Keep it where the effects are kept, so that both survive or neither."""

    def __contains__(self, event_id: object) -> bool: ...

    def add(self, event_id: str) -> None: ...


def once(seen: SeenEvents, event: E, handle: Callable[[E], None]) -> bool:
    """Handles an event unless it has been handled. Answers whether it was handled now.

    An event whose handler raises is not seen.
    """
    event_id = event["event_id"]
    if event_id in seen:
        return False
    handle(event)
    seen.add(event_id)
    return True


class SeenInMemory:
    """Remembers the newest events of this process: for development, and for what may be done twice after a restart."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._ids: dict[str, None] = {}

    def __contains__(self, event_id: object) -> bool:
        return event_id in self._ids

    def add(self, event_id: str) -> None:
        self._ids[event_id] = None
        if len(self._ids) > self._capacity:
            del self._ids[next(iter(self._ids))]
