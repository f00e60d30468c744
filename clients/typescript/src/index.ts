// Types and helpers for a consumer of WeCom Authorization's events, and a client of the admins' API. No dependency: what talks to AWS is handed in.

export type * from "./catalogue.js";
export { type AuthorizationChanged, type BusEvent, type EventDetail, type EventsGap, type WebhooksChanged, type WecomEvent, isEvent, nameOf } from "./events.js";
export { type SeenEvents, SeenInMemory, once } from "./once.js";
export { type AdminScope, type Schema, AdminClient } from "./admin.js";
export { type Api, type EventFilter, type StoredEvent, ApiError, listEvents, readEvent } from "./api.js";
export { type Invoke, type TokenKind, type TokenRequest, AccessTokens, TokenError } from "./tokens.js";
