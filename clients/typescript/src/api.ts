import type { EventDetail } from "./events.js";

/** An event as `GET /authorization/events` answers it. */
export type StoredEvent = Omit<EventDetail, "replays" | "replay_id" | "payload" | "payload_at"> & {
  /** How many times WeCom has delivered it again. */
  duplicates: number;
  payload: Record<string, unknown>;
};

/** Which events are wanted. */
export interface EventFilter {
  scope?: "contacts" | "external-contacts" | "app";
  event?: string;
  change_type?: string;
  /** Arrived then or later, RFC 3339. */
  since?: string;
  /** Arrived before then, RFC 3339. */
  until?: string;
}

/** The API refused: `code` is stable, `docs/errors.md` lists all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    /** Seconds after which to try again, if the API says so. */
    readonly retryAfter: number | undefined,
    /** The problem document (RFC 9457), as far as there is one. */
    readonly problem: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${status} ${code}`);
    this.name = "ApiError";
  }
}

/** Where the API is and who asks. */
export interface Api {
  /** Such as `https://wecom.example.com`. */
  baseUrl: string;
  /** The admin's token, or what gets a fresh one. */
  token: string | (() => Promise<string>);
}

/** Every event of the tenant that the filter lets through, newest first, page by page. */
export async function* listEvents(api: Api, filter: EventFilter = {}, pageSize = 100): AsyncGenerator<StoredEvent> {
  const query = new URLSearchParams({ ...filter, limit: String(pageSize) } as Record<string, string>);
  for (;;) {
    const page = (await get(api, `/authorization/events?${query}`)) as {
      events: StoredEvent[];
      next_cursor: string | null;
    };
    yield* page.events;
    if (page.next_cursor === null) {
      return;
    }
    query.set("cursor", page.next_cursor);
  }
}

/** One event, whole: by its id, or by the `payload_at` of an event that was too large for the bus. */
export async function readEvent(api: Api, idOrPath: string): Promise<StoredEvent> {
  const path = idOrPath.startsWith("/") ? idOrPath : `/authorization/events/${encodeURIComponent(idOrPath)}`;
  return (await get(api, path)) as StoredEvent;
}

async function get(api: Api, path: string): Promise<unknown> {
  const token = typeof api.token === "string" ? api.token : await api.token();
  const response = await fetch(api.baseUrl + path, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { code?: string; retry_after?: number };
    throw new ApiError(response.status, problem.code ?? "unknown", problem.retry_after);
  }
  return response.json();
}
