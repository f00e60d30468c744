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


# `from` is a keyword, so these are not classes.
AuthorizationChange = TypedDict(
    "AuthorizationChange",
    {
        "tenant_id": str,
        # Missing from events of versions before several corporations: those are of the first.
        "binding_id": NotRequired[str],
        # The part that changed, such as `contacts.secret`.
        "what": str,
        "from": str,
        "to": str,
        "at": str,
        # Of a change of the health: the corporation, the finding that decides it, and the operators' view of the tenant.
        "corp_id": NotRequired[str],
        "finding": NotRequired[str],
        "page": NotRequired[str],
    },
)
"""What a change of a tenant's authorization says."""

AuthorizationChanged = TypedDict(
    "AuthorizationChanged",
    {
        "source": Literal["wecom.authorization"],
        "detail-type": Literal["authorization.changed"],
        "detail": AuthorizationChange,
    },
)
"""``authorization.changed`` on the bus."""

Gap = TypedDict(
    "Gap",
    {
        "tenant_id": str,
        "binding_id": str,
        "scope": Literal["contacts", "external_contacts"],
        # The corporation's plaintext id; missing where it is not known.
        "corp_id": NotRequired[str],
        # Until `from` events were received, from `to` on they are received.
        "from": str,
        "to": str,
        "reason": Literal["set_up_again", "installed_again", "silent"],
    },
)
"""A time in which events may have been lost: what they were about is to be read anew."""

EventsGap = TypedDict(
    "EventsGap",
    {"source": Literal["wecom.authorization"], "detail-type": Literal["events.gap"], "detail": Gap},
)
"""``events.gap`` on the bus."""

ReceiverChange = TypedDict(
    "ReceiverChange",
    {
        # Host of the receiver's URL.
        "receiver": str,
        "from": Literal["enabled", "disabled"],
        "to": Literal["enabled", "disabled"],
        "at": str,
        # Why it was disabled; missing when it is enabled.
        "reason": NotRequired[Literal["failing", "gone"]],
        # The first failure since its last success.
        "failing_since": str,
    },
)
"""The receiver of webhooks was disabled, or enabled again."""

WebhooksChanged = TypedDict(
    "WebhooksChanged",
    {
        "source": Literal["wecom.authorization"],
        "detail-type": Literal["webhooks.changed"],
        "detail": ReceiverChange,
    },
)
"""``webhooks.changed`` on the bus."""

BusEvent = WecomEvent | AuthorizationChanged | EventsGap | WebhooksChanged
"""What the bus delivers."""


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
