// The HTTP contract, one method per call. Knows no state and shows nothing; every failure is a `Problem`.

import { leaveBinding, ofChosenBinding } from './bindings.js';
import { Problem } from './problem.js';

/** @import { AssistLinkMade, AddedBinding, AuditPage, BindingList, Credentials, EventPage, InstallStart, PersonDeletion, PersonEventPage, PersonEventsRequest, PersonRequest, RegisteredScope, Scope, ScopeName, SecretEntry, Settings, SettingsEntry, State, TestReport } from './types.js' */
/** @import { Session } from './session.js' */

const PATIENCE_MS = 20_000;

/** @typedef {{ body?: unknown, query?: Record<string, string | number | null | undefined> }} Options */
/** @typedef {ReturnType<typeof createApi>} Api */

/** @typedef {{ session: Pick<Session, 'token' | 'renew' | 'expire'>, base?: string, fetch?: typeof globalThis.fetch, assertSame?: () => Promise<void> }} Parts */

/**
 * Calls with the session's token, once more with a new one. `assertSame` says whether that is for the same person.
 * @param {Parts} parts
 */
export function createCaller({
  session,
  base = document.baseURI,
  fetch = globalThis.fetch.bind(globalThis),
  assertSame = async () => {},
}) {
  /**
   * @param {string} method
   * @param {string} path
   * @param {Options} [options]
   */
  async function send(method, path, { body, query } = {}) {
    const url = new URL(ofChosenBinding(path), base);
    for (const [name, value] of Object.entries(query ?? {})) if (value) url.searchParams.set(name, String(value));
    const headers = new Headers({ accept: 'application/json', authorization: `Bearer ${session.token()}` });
    if (body !== undefined) headers.set('content-type', 'application/json');
    return fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch(() => {
      throw Problem.fromFailure();
    });
  }

  /**
   * @template [T=null]
   * @param {string} method
   * @param {string} path
   * @param {Options} [options]
   * @returns {Promise<T>}
   */
  async function call(method, path, options) {
    const token = session.token();
    let response = await send(method, path, options);
    // Another call may have renewed it meanwhile.
    if (response.status === 401 && (session.token() !== token || (await session.renew()))) {
      if (method !== 'GET') await assertSame();
      response = await send(method, path, options);
    }
    if (response.status === 401) session.expire();
    if (!response.ok) throw await Problem.fromResponse(response);
    if (response.status === 204) return /** @type {T} */ (null);
    return response.json().catch(() => {
      throw new Problem('unexpected', { status: response.status });
    });
  }

  return { call };
}

/** @param {Omit<Parts, 'assertSame'>} parts */
export function createApi(parts) {
  const { call } = createCaller({ ...parts, assertSame: assertSameTenant });

  /** @type {string | null} */
  let tenantId = null;

  /** A new token may be another account's, and what was pressed was meant for the one that is shown. */
  async function assertSameTenant() {
    /** @type {State} */
    const state = await call('GET', 'authorization');
    if (tenantId !== null && state.tenant_id !== tenantId) throw new Problem('state_changed');
  }

  /** The state of the chosen binding; of the first when that one is gone. @returns {Promise<State>} */
  async function readChosen() {
    try {
      return await call('GET', 'authorization');
    } catch (thrown) {
      if (Problem.of(thrown).code === 'not_found' && leaveBinding()) return call('GET', 'authorization');
      throw thrown;
    }
  }

  return {
    /** @returns {Promise<State>} */
    async readAuthorization() {
      /** @type {State} */
      const state = await readChosen();
      tenantId = state.tenant_id;
      return state;
    },
    /** The tenant's corporations. @returns {Promise<BindingList>} */
    listBindings: () => call('GET', 'authorizations'),
    /** A binding for a further corporation. @returns {Promise<AddedBinding>} */
    addBinding: () => call('POST', 'authorizations', { body: {} }),
    /**
     * A link to open, or of a template the text of a QR code; without an id, of the deployment's first suite.
     * @type {(suiteId?: string) => Promise<InstallStart>}
     */
    startInstallation: (suiteId) =>
      call('POST', 'authorization/installation', { body: suiteId === undefined ? {} : { suite_id: suiteId } }),
    /** The corporation that scanned a QR code is ours. @type {(corpId: string) => Promise<null>} */
    confirmInstallation: (corpId) =>
      call('POST', 'authorization/installation/confirmation', { body: { corp_id: corpId } }),
    /** @type {(scope: Scope, entry: SecretEntry) => Promise<RegisteredScope>} */
    registerSecret: (scope, entry) => call('PUT', `authorization/${scope}/secret`, { body: entry }),
    /**
     * The credentials waiting to be pasted, made if there are none; `rotate` makes the next generation.
     * @type {(scope: Scope, rotate?: boolean) => Promise<Credentials>}
     */
    generateCredentials: (scope, rotate = false) =>
      call('POST', `authorization/${scope}/credentials`, { body: { rotate } }),
    /**
     * The newest credentials once more; the server keeps a record of who looked.
     * @type {(scope: Scope) => Promise<Credentials>}
     */
    revealCredentials: (scope) => call('GET', `authorization/${scope}/credentials`),
    /**
     * Has WeCom asked now; what came of it is in the state.
     * @returns {Promise<State>}
     */
    checkAuthorization: () => call('POST', 'authorization/check'),
    complete: () => call('POST', 'authorization/completion'),
    /** @type {(settings: SettingsEntry) => Promise<Settings>} */
    updateSettings: (settings) => call('PUT', 'authorization/settings', { body: settings }),
    /** @type {(query: Options['query']) => Promise<EventPage>} */
    readEvents: (query) => call('GET', 'authorization/events', { query }),
    /** @type {(wanted: PersonEventsRequest) => Promise<PersonEventPage>} */
    findPerson: (wanted) => call('POST', 'authorization/persons/events', { body: wanted }),
    /** @type {(person: PersonRequest) => Promise<PersonDeletion>} */
    deletePerson: (person) => call('POST', 'authorization/persons/deletion', { body: person }),
    /** @type {(eventId: string) => Promise<unknown>} */
    replayEvent: (eventId) => call('POST', `authorization/events/${encodeURIComponent(eventId)}/replay`),
    /** @type {(query: Options['query']) => Promise<AuditPage>} */
    readAudit: (query) => call('GET', 'authorization/audit', { query }),
    /**
     * Calls the callback's URL as WeCom would; with `sendEvent` an event goes down the whole path after it.
     * @type {(scope: Scope, sendEvent: boolean) => Promise<TestReport>}
     */
    testCallback: (scope, sendEvent) =>
      call('POST', `authorization/${scope}/test`, { body: { send_event: sendEvent } }),
    /**
     * A link that shows a scope's credentials once; its URL is in this answer only.
     * @type {(scope: ScopeName) => Promise<AssistLinkMade>}
     */
    createAssistLink: (scope) => call('POST', 'authorization/assist-links', { body: { scope } }),
    /** @type {(id: string) => Promise<null>} */
    revokeAssistLink: (id) => call('DELETE', `authorization/assist-links/${encodeURIComponent(id)}`),
    disconnect: () => call('DELETE', 'authorization'),
  };
}
