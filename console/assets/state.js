// The state as the server last gave it, and the asking for it: fast while WeCom is awaited, never while the page is hidden.

import { nextDelay } from './schedule.js';

/** `isWaiting(state)` says whether something in WeCom is awaited. */
export function createStore({ api, isWaiting, page = document, now = () => Date.now() }) {
  let snapshot = { state: null, problem: null, checkedAt: null };
  const listeners = new Set();
  let reading = null;
  let timer = null;
  let waitingSince = now();
  let failures = 0;
  let stopped = false;
  let watching = false;

  async function read() {
    try {
      const state = await api.readAuthorization();
      if (changed(snapshot.state, state)) waitingSince = now();
      failures = 0;
      publish({ state, problem: null, checkedAt: now() });
    } catch (problem) {
      failures += 1;
      stopped = problem.code === 'unauthenticated';
      publish({ ...snapshot, problem });
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
    const waiting = snapshot.state !== null && isWaiting(snapshot.state);
    const delay = nextDelay({ waitingFor: waiting ? now() - waitingSince : null, failures });
    if (delay !== null) timer = setTimeout(refresh, delay);
    if (watching === (delay !== null)) return;
    watching = delay !== null;
    publish(snapshot);
  }

  function publish(next) {
    const previous = snapshot;
    snapshot = next;
    for (const listener of listeners) listener(snapshot, previous);
  }

  /** The admin is doing something that WeCom will answer soon: look often again. */
  function expect() {
    waitingSince = now();
    plan();
  }

  function attended() {
    if (page.hidden) return clearTimeout(timer);
    if (stopped) return;
    waitingSince = now();
    refresh();
  }

  function start() {
    page.addEventListener('visibilitychange', attended);
    globalThis.addEventListener('focus', attended);
    globalThis.addEventListener('online', attended);
    return refresh();
  }

  return {
    start, refresh, expect,
    get snapshot() { return snapshot; },
    /** Whether the page will look again by itself. */
    get watching() { return watching; },
    subscribe(listener) { listeners.add(listener); },
  };
}

function changed(before, after) {
  return JSON.stringify(before) !== JSON.stringify(after);
}
