import type { Payloads } from "./catalogue.js";

/** What an event on the bus says, beside EventBridge's own envelope. */
export interface EventDetail<P = Record<string, unknown>> {
  /** The same for every delivery of the same event. */
  event_id: string;
  tenant_id: string;
  /** Which of the tenant's corporations: `first`, or 32 hexadecimal digits; missing from events of versions before several. */
  binding_id?: string;
  scope: "contacts" | "external_contacts" | "app";
  /** The corporation's plaintext id. */
  corp_id: string;
  /** WeCom's `Event`; empty for a message. */
  event: string;
  /** WeCom's `ChangeType`, where there is one. */
  change_type: string | null;
  /** When WeCom made it, in whole seconds. */
  created_at: string | null;
  /** When it arrived. */
  received_at: string;
  /** How many times it has been replayed; 0 the first time. */
  replays: number;
  /** The replay that this delivery belongs to, if it belongs to one. */
  replay_id?: string;
  /** There when WeCom's message was not well-formed: the payload may lack a part of it. */
  damaged?: true;
  /** WeCom's XML as JSON. Missing when the event is too large for the bus: then `payload_at` is there. */
  payload?: P;
  /** Where a large event can be read, below the API's address. */
  payload_at?: string;
}

/** `wecom.event` on the bus. */
export interface WecomEvent<P = Record<string, unknown>> {
  source: "wecom.authorization";
  "detail-type": "wecom.event";
  detail: EventDetail<P>;
}

/** `authorization.changed` on the bus. */
export interface AuthorizationChanged {
  source: "wecom.authorization";
  "detail-type": "authorization.changed";
  detail: {
    tenant_id: string;
    binding_id?: string;
    what: string;
    from: string;
    to: string;
    at: string;
    /** Of a change of the health: the corporation, the finding that decides it, and the operators' view of the tenant. */
    corp_id?: string;
    finding?: string;
    page?: string;
  };
}

/** `webhooks.changed` on the bus: the receiver of webhooks was disabled, or enabled again. */
export interface WebhooksChanged {
  source: "wecom.authorization";
  "detail-type": "webhooks.changed";
  detail: {
    /** Host of the receiver's URL. */
    receiver: string;
    from: "enabled" | "disabled";
    to: "enabled" | "disabled";
    at: string;
    /** Why it was disabled; missing when it is enabled. */
    reason?: "failing" | "gone";
    /** The first failure since its last success. */
    failing_since: string;
  };
}

/** `events.gap` on the bus: a time in which events may have been lost. What they were about is to be read anew. */
export interface EventsGap {
  source: "wecom.authorization";
  "detail-type": "events.gap";
  detail: {
    tenant_id: string;
    binding_id: string;
    scope: "contacts" | "external_contacts";
    /** The corporation's plaintext id; missing where it is not known. */
    corp_id?: string;
    /** Until then events were received. */
    from: string;
    /** From then on events are received. */
    to: string;
    reason: "set_up_again" | "installed_again" | "silent";
  };
}

/** What the bus delivers. */
export type BusEvent = WecomEvent | AuthorizationChanged | EventsGap | WebhooksChanged;

/** The name of an event in the catalogue: `Event/ChangeType`, `Event` or `message:MsgType`. */
export function nameOf(detail: Pick<EventDetail, "event" | "change_type" | "payload">): string {
  if (detail.event === "") {
    return `message:${String(detail.payload?.["MsgType"] ?? "")}`;
  }
  return detail.change_type === null ? detail.event : `${detail.event}/${detail.change_type}`;
}

/** Whether this is the event of that name, whose payload is then typed. */
export function isEvent<N extends keyof Payloads>(
  detail: EventDetail,
  name: N,
): detail is EventDetail<Payloads[N] & Record<string, unknown>> & { payload: Payloads[N] } {
  return detail.payload !== undefined && nameOf(detail) === name;
}
