// The HTTP contract, one method per call. Knows no state and shows nothing; every failure is a `Problem`.

import { Problem } from './problem.js';

const PATIENCE_MS = 20_000;

/** `session` gives the bearer token; `scope` is `contacts` or `external-contacts`, as in the routes. */
export function createApi({ session, base = document.baseURI, fetch = globalThis.fetch.bind(globalThis) }) {
  async function send(method, path, { body, query } = {}) {
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(query ?? {})) if (value) url.searchParams.set(name, value);
    const headers = { accept: 'application/json', authorization: `Bearer ${session.token()}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const request = {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store', credentials: 'same-origin', redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS),
    };
    return fetch(url, request).catch(() => { throw Problem.fromFailure(); });
  }

  async function call(method, path, options) {
    let response = await send(method, path, options);
    if (response.status === 401 && (await session.renew())) response = await send(method, path, options);
    if (response.status === 401) session.expire();
    if (!response.ok) throw await Problem.fromResponse(response);
    if (response.status === 204) return null;
    return response.json().catch(() => { throw new Problem('unexpected', { status: response.status }); });
  }

  return {
    readAuthorization: () => call('GET', 'authorization'),
    startInstallation: () => call('POST', 'authorization/installation'),
    registerSecret: (scope, entry) => call('PUT', `authorization/${scope}/secret`, { body: entry }),
    /** The credentials waiting to be pasted, made if there are none; `rotate` makes the next generation. */
    generateCredentials: (scope, rotate = false) => call('POST', `authorization/${scope}/credentials`, { body: { rotate } }),
    /** The newest credentials once more; the server keeps a record of who looked. */
    revealCredentials: (scope) => call('GET', `authorization/${scope}/credentials`),
    complete: () => call('POST', 'authorization/completion'),
    updateSettings: (settings) => call('PUT', 'authorization/settings', { body: settings }),
    readEvents: (query) => call('GET', 'authorization/events', { query }),
    replayEvent: (eventId) => call('POST', `authorization/events/${encodeURIComponent(eventId)}/replay`),
    readAudit: (query) => call('GET', 'authorization/audit', { query }),
    /** Calls the callback's URL as WeCom would; with `sendEvent` an event goes down the whole path after it. */
    testCallback: (scope, sendEvent) => call('POST', `authorization/${scope}/test`, { body: { send_event: sendEvent } }),
    disconnect: () => call('DELETE', 'authorization'),
  };
}
