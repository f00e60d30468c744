// The page inside a platform's own page: what it asks its host for and what it tells it. `embed.js` is the other side.
//
// Messages are objects `{channel: 'wecom-authorization', type, …}`. One counts only from the window that frames this one, at
// the origin that the address names and the server lists. `token` is an answer to a question of ours, by its number; the host
// cannot put another one in unasked.

import { signal } from '@preact/signals';
import { asLanguage } from '../language.js';
import { happenings, isInstalled } from '../progress.js';
import { asRoute } from '../router.js';

/** @import { Route, State } from '../types.js' */

export const CHANNEL = 'wecom-authorization';
/** How long the host may take for a token: its own sign-in may be behind it. */
const PATIENCE_MS = 30_000;

/** @typedef {Awaited<ReturnType<typeof openHost>>} Host */

/** The origin that the address says frames us, or null for a page that stands alone. */
export function framedBy(place = globalThis.location) {
  return globalThis.parent === globalThis.window ? null : new URLSearchParams(place.search).get('embed');
}

/**
 * Greets the host and waits for its settings.
 * @param {{ origin: string, origins: readonly string[] }} names whom the address names, and whom the server lists
 */
export async function openHost({ origin, origins }) {
  if (!origins.includes(origin)) throw new Error('this host is not listed in EMBED_ORIGINS');
  const view = signal(/** @type {Route | null} */ (null));
  /** @type {Map<number, (token: string | null) => void>} */
  const asked = new Map();
  let number = 0;

  /** @type {(message: object) => void} */
  const tell = (message) => globalThis.parent.postMessage({ channel: CHANNEL, ...message }, origin);

  const settings = await new Promise((resolve) => {
    globalThis.addEventListener('message', ({ data, origin: sender, source }) => {
      if (source !== globalThis.parent || sender !== origin || data?.channel !== CHANNEL) return;
      if (data.type === 'settings') resolve(data);
      if (data.type === 'view') view.value = asRoute(data.view);
      if (data.type !== 'token') return;
      asked.get(data.number)?.(typeof data.token === 'string' && data.token ? data.token : null);
      asked.delete(data.number);
    });
    tell({ type: 'ready' });
  });

  /** Asks the host for its session's token. @param {boolean} fresh the last one was refused @returns {Promise<string | null>} */
  function askToken(fresh) {
    number += 1;
    const mine = number;
    return new Promise((resolve) => {
      const impatience = setTimeout(() => resolve(null), PATIENCE_MS);
      asked.set(mine, (token) => {
        clearTimeout(impatience);
        resolve(token);
      });
      tell({ type: 'token', number: mine, fresh });
    });
  }

  return {
    language: asLanguage(settings.locale),
    theme: settings.theme,
    /** What the host wants to be shown. */
    view,
    askToken,
    /** Tells the host how high the page is. @param {HTMLElement} root */
    watchHeight(root) {
      const report = () => tell({ type: 'height', height: Math.ceil(root.getBoundingClientRect().height) });
      new ResizeObserver(report).observe(root);
      report();
    },
    /** Tells the host what happened between two states. @type {(before: State | null, after: State) => void} */
    report(before, after) {
      for (const event of eventsBetween(before, after)) tell({ type: 'event', event });
    },
  };
}

/** @typedef {{ name: string, [detail: string]: unknown }} HostEvent */

/**
 * What a host is sent: names, scopes and words of the contract, never a value that is secret.
 * @type {(before: State | null, after: State) => HostEvent[]}
 */
export function eventsBetween(before, after) {
  if (!before || before.tenant_id !== after.tenant_id) return [];
  /** @type {HostEvent[]} */
  const found = [];
  if (isInstalled(before) && !isInstalled(after)) found.push({ name: 'disconnected' });
  for (const { key, scope } of happenings(before, after)) {
    if (key === 'installed') found.push({ name: 'installed' });
    if (key === 'verified') found.push({ name: 'callback_verified', scope: named(scope) });
  }
  for (const scope of /** @type {const} */ (['contacts', 'external_contacts'])) {
    const { status, registered_at: at } = after[scope].secret;
    if (status === 'accepted' && at !== before[scope].secret.registered_at)
      found.push({ name: 'secret_accepted', scope });
  }
  if (!before.completed_at && after.completed_at) found.push({ name: 'completed' });
  if (before.health !== after.health) found.push({ name: 'health_changed', from: before.health, to: after.health });
  return found;
}

/** @param {string | undefined} scope */
function named(scope) {
  return scope?.replaceAll('-', '_');
}
