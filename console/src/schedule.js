// When to ask the server again. Pure: numbers in, a delay out.

export const FAST_MS = 2_000;
export const FAST_FOR_MS = 2 * 60_000;
export const SLOW_MS = 5_000;
export const SLOW_FOR_MS = 10 * 60_000;
/** The pause while WeCom is not awaited, and the longest of all. */
export const IDLE_MS = 60_000;

/**
 * The pause before the next read, in milliseconds. A visible page that waits for nothing still asks, so that what WeCom has
 * ended does not stay green. `waitingFor` is how long the page has been waiting for WeCom (null: it is not waiting);
 * `failures` counts reads that failed in a row, and each doubles the pause.
 * @param {{ waitingFor: number | null, failures: number }} situation
 */
export function nextDelay({ waitingFor, failures }) {
  const pause = isAwaited(waitingFor)
    ? waitingFor < FAST_FOR_MS
      ? FAST_MS
      : SLOW_MS
    : failures > 0
      ? FAST_MS
      : IDLE_MS;
  return Math.min(pause * 2 ** failures, IDLE_MS);
}

/**
 * Whether something in WeCom is awaited, and not given up.
 * @param {number | null} waitingFor
 * @returns {waitingFor is number}
 */
export function isAwaited(waitingFor) {
  return waitingFor !== null && waitingFor < FAST_FOR_MS + SLOW_FOR_MS;
}
