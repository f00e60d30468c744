// The state as the server last gave it, and the asking for it: fast while WeCom is awaited, never while the page is hidden.

import { signal } from '@preact/signals';
import { Problem } from './problem.js';
import { nextDelay } from './schedule.js';

/** @import { State } from './types.js' */
/** @import { Api } from './api.js' */

/** @typedef {{ state: State | null, problem: Problem | null, checkedAt: number | null }} Snapshot */
/** @typedef {ReturnType<typeof createStore>} Store */

/**
 * `isWaiting` says whether something in WeCom is awaited; `changed` receives each state after the first one.
 * @param {{ api: Pick<Api, 'readAuthorization'>, isWaiting: (state: State) => boolean, settle: (state: State, before: State | null) => void, page?: Document, now?: () => number }} parts
 */
export function createStore({ api, isWaiting, settle, page = document, now = () => Date.now() }) {
  const snapshot = signal(/** @type {Snapshot} */ ({ state: null, problem: null, checkedAt: null }));
  /** @type {Promise<void> | null} */
  let reading = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let waitingSince = now();
  let failures = 0;
  let stopped = false;

  async function read() {
    const before = snapshot.peek().state;
    try {
      const state = await api.readAuthorization();
      if (JSON.stringify(before) !== JSON.stringify(state)) waitingSince = now();
      failures = 0;
      snapshot.value = { state, problem: null, checkedAt: now() };
      settle(state, before);
    } catch (thrown) {
      const problem = Problem.of(thrown);
      failures += 1;
      stopped = problem.code === 'unauthenticated';
      snapshot.value = { ...snapshot.peek(), problem };
    }
  }

  /** Reads once; `fresh` insists on a read that began after this call. */
  async function refresh({ fresh = false } = {}) {
    if (reading && !fresh) return reading;
    if (reading) await reading;
    clearTimeout(timer);
    reading ??= read().finally(() => {
      reading = null;
      plan();
    });
    return reading;
  }

  function plan() {
    clearTimeout(timer);
    if (stopped || page.hidden) return;
    const { state } = snapshot.peek();
    const waitingFor = state !== null && isWaiting(state) ? now() - waitingSince : null;
    timer = setTimeout(refresh, nextDelay({ waitingFor, failures }));
  }

  /** The admin is doing something that WeCom will answer soon: look often again. */
  function expect() {
    waitingSince = now();
    plan();
  }

  function attended() {
    if (page.hidden) return clearTimeout(timer);
    if (stopped) return undefined;
    waitingSince = now();
    return void refresh();
  }

  function start() {
    page.addEventListener('visibilitychange', attended);
    globalThis.addEventListener('focus', attended);
    globalThis.addEventListener('online', attended);
    return refresh();
  }

  return { snapshot, start, refresh, expect };
}
