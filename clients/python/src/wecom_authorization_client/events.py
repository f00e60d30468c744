"""What the bus delivers, and what the API answers."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Scope = Literal["contacts", "external_contacts", "app"]


class EventDetail(TypedDict):
    """What an event on the bus says, beside EventBridge's own envelope."""

    event_id: str
    """The same for every delivery of the same event."""
    tenant_id: str
    binding_id: NotRequired[str]
    """Which of the tenant's corporations: ``first``, or 32 hexadecimal digits; missing from events of versions before several."""
    scope: Scope
    corp_id: str
    """The corporation's plaintext id."""
    event: str
    """WeCom's ``Event``; empty for a message."""
    change_type: str | None
    """WeCom's ``ChangeType``, where there is one."""
    created_at: str | None
    """When WeCom made it, in whole seconds."""
    received_at: str
    """When it arrived."""
    replays: int
    """How many times it has been replayed; 0 the first time."""
    replay_id: NotRequired[str]
    """The replay that this delivery belongs to, if it belongs to one."""
    damaged: NotRequired[bool]
    """There when WeCom's message was not well-formed: the payload may lack a part of it."""
    payload: NotRequired[dict[str, Any]]
    """WeCom's XML as JSON; :mod:`.catalogue` has its type by :func:`name_of`. Missing when ``payload_at`` is there."""
    payload_at: NotRequired[str]
    """Where an event can be read that is too large for the bus, below the API's address."""


WecomEvent = TypedDict(
    "WecomEvent",
    {"source": Literal["wecom.authorization"], "detail-type": Literal["wecom.event"], "detail": EventDetail},
)
"""``wecom.event`` on the bus."""


class StoredEvent(TypedDict):
    """An event as ``GET /authorization/events`` answers it."""

    event_id: str
    tenant_id: str
    scope: Scope
    corp_id: str
    event: str
    change_type: str | None
    created_at: str | None
    received_at: str
    duplicates: int
    """How many times WeCom has delivered it again."""
    damaged: NotRequired[bool]
    """There when WeCom's message was not well-formed: the payload may lack a part of it."""
    payload: dict[str, Any]


def name_of(detail: EventDetail | StoredEvent) -> str:
    """The name of an event in the catalogue: ``Event/ChangeType``, ``Event`` or ``message:MsgType``."""
    if detail["event"] == "":
        return f"message:{detail.get('payload', {}).get('MsgType', '')}"
    if detail["change_type"] is None:
        return detail["event"]
    return f"{detail['event']}/{detail['change_type']}"
