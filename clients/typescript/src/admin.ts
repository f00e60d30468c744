import { type Api, ApiError } from "./api.js";
import type { components, operations } from "./openapi.js";

/** A schema of `openapi.yaml` by its name, such as `Schema<"State">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

type Query<Name extends "listEvents" | "listAudit"> = NonNullable<operations[Name]["parameters"]["query"]>;

/** The Secret and callback in question, as paths spell it. */
export type AdminScope = "contacts" | "external-contacts";

/**
 * What the admin page does, for a front end of the platform's own: one method for each operation of `openapi.yaml` that an admin calls,
 * with the types of its request and answer. A refusal is an `ApiError`, whose `problem` is the whole problem document.
 *
 * A token that the API refuses (401) is asked for once more, so `token` may be one that caches.
 */
export class AdminClient {
  /** `bindingId` is that of one of the tenant's bindings, as `listBindings` answers it; without it the first one is meant. */
  constructor(
    private readonly api: Api,
    private readonly bindingId = "first",
  ) {}

  /** `GET /authorizations`: the tenant's bindings, one for each corporation. `ofBinding` asks about one of them. */
  listBindings(): Promise<Schema<"BindingList">> {
    return this.call("GET", "/authorizations");
  }

  /** `POST /authorizations`: a binding for a further corporation. */
  addBinding(): Promise<Schema<"AddedBinding">> {
    return this.call("POST", "/authorizations", {});
  }

  /** The same client for another binding: its paths are those below `/authorizations/{binding_id}`. */
  ofBinding(bindingId: string): AdminClient {
    return new AdminClient(this.api, bindingId);
  }

  /** `GET /authorization`: the whole state. */
  readAuthorization(): Promise<Schema<"State">> {
    return this.call("GET", "/authorization");
  }

  /** `POST /authorization/check`: asks WeCom now, ten times in ten minutes at most. */
  checkAuthorization(): Promise<Schema<"State">> {
    return this.call("POST", "/authorization/check");
  }

  /**
   * `POST /authorization/installation`: a link, to be opened in a tab of its own; of a template, the text of a QR code. Without
   * `suiteId`, of the deployment's first suite.
   */
  startInstallation(suiteId?: string): Promise<Schema<"InstallStart">> {
    return this.call("POST", "/authorization/installation", suiteId === undefined ? {} : { suite_id: suiteId });
  }

  /** `POST /authorization/installation/confirmation`: the corporation that scanned a QR code, as the state shows it, is the tenant's. */
  confirmInstallation(corpId: string): Promise<void> {
    return this.call("POST", "/authorization/installation/confirmation", { corp_id: corpId });
  }

  /** `PUT /authorization/{scope}/secret`. */
  registerSecret(scope: AdminScope, entry: Schema<"SecretEntry">): Promise<Schema<"RegisteredScope">> {
    return this.call("PUT", `/authorization/${scope}/secret`, entry);
  }

  /** `POST /authorization/{scope}/credentials`: those that wait to be pasted, generated if there are none; `rotate` generates new ones. */
  generateCredentials(scope: AdminScope, rotate = false): Promise<Schema<"Credentials">> {
    return this.call("POST", `/authorization/${scope}/credentials`, { rotate });
  }

  /** `GET /authorization/{scope}/credentials`: the newest ones again, which the audit trail records. */
  showCredentials(scope: AdminScope): Promise<Schema<"Credentials">> {
    return this.call("GET", `/authorization/${scope}/credentials`);
  }

  /** `POST /authorization/{scope}/test`: WeCom's check through the public URL; `sendEvent` sends an event after it. */
  testCallback(scope: AdminScope, sendEvent = false): Promise<Schema<"TestReport">> {
    return this.call("POST", `/authorization/${scope}/test`, { send_event: sendEvent });
  }

  /** `PUT /authorization/settings`. */
  updateSettings(settings: Schema<"SettingsEntry">): Promise<Schema<"Settings">> {
    return this.call("PUT", "/authorization/settings", settings);
  }

  /** `POST /authorization/completion`. */
  completeAuthorization(): Promise<Schema<"State">> {
    return this.call("POST", "/authorization/completion");
  }

  /** `DELETE /authorization`. */
  disconnect(): Promise<void> {
    return this.call("DELETE", "/authorization");
  }

  /** `GET /authorization/events`: a page, newest first. `listEvents` goes through all of them. */
  listEvents(query: Query<"listEvents"> = {}): Promise<Schema<"EventPage">> {
    return this.call("GET", `/authorization/events${asQuery(query)}`);
  }

  /** `GET /authorization/events/{event_id}`. */
  readEvent(eventId: string): Promise<Schema<"Event">> {
    return this.call("GET", `/authorization/events/${encodeURIComponent(eventId)}`);
  }

  /** `POST /authorization/events/{event_id}/replay`: puts it on the event bus again. */
  replayEvent(eventId: string): Promise<Schema<"Replayed">> {
    return this.call("POST", `/authorization/events/${encodeURIComponent(eventId)}/replay`);
  }

  /** `GET /authorization/audit`: a page, newest first. */
  listAudit(query: Query<"listAudit"> = {}): Promise<Schema<"AuditPage">> {
    return this.call("GET", `/authorization/audit${asQuery(query)}`);
  }

  /** `GET /help/{topic}`: a topic of 操作指引. */
  readHelp(topic: string, locale: "zh-CN" | "en" = "zh-CN"): Promise<Schema<"HelpTopic">> {
    return this.call("GET", `/help/${encodeURIComponent(topic)}?locale=${locale}`);
  }

  private async call<T>(method: string, asked: string, body?: unknown): Promise<T> {
    const own = `/authorizations/${encodeURIComponent(this.bindingId)}`;
    const path = this.bindingId === "first" ? asked : asked.replace(/^\/authorization(?=[/?]|$)/, own);
    let response = await this.send(method, path, body);
    if (response.status === 401 && typeof this.api.token !== "string") {
      response = await this.send(method, path, body);
    }
    if (!response.ok) {
      const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
      const code = typeof problem["code"] === "string" ? problem["code"] : "unknown";
      const after = Number(problem["retry_after"] ?? response.headers.get("retry-after") ?? Number.NaN);
      throw new ApiError(response.status, code, Number.isFinite(after) ? after : undefined, problem);
    }
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  private async send(method: string, path: string, body: unknown): Promise<Response> {
    const token = typeof this.api.token === "string" ? this.api.token : await this.api.token();
    const headers: Record<string, string> = { accept: "application/json", authorization: `Bearer ${token}` };
    if (body === undefined) {
      return fetch(this.api.baseUrl + path, { method, headers });
    }
    headers["content-type"] = "application/json";
    return fetch(this.api.baseUrl + path, { method, headers, body: JSON.stringify(body) });
  }
}

function asQuery(parameters: Record<string, unknown>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  return given.length > 0 ? `?${query}` : "";
}
