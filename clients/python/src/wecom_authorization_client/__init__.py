"""Types and helpers for a consumer of WeCom Authorization's events. The standard library is all they need."""

from .api import ApiError, EventFilter, list_events, read_event, replay_event
from .events import AuthorizationChanged, BusEvent, EventDetail, EventsGap, StoredEvent, WebhooksChanged, WecomEvent, name_of
from .once import SeenEvents, SeenInMemory, once
from .tokens import AccessTokens, TokenError, TokenKind

__all__ = [
    "AccessTokens",
    "ApiError",
    "AuthorizationChanged",
    "BusEvent",
    "EventDetail",
    "EventFilter",
    "EventsGap",
    "SeenEvents",
    "SeenInMemory",
    "StoredEvent",
    "TokenError",
    "TokenKind",
    "WebhooksChanged",
    "WecomEvent",
    "list_events",
    "name_of",
    "once",
    "read_event",
    "replay_event",
]
