// When to ask the server again. Pure: numbers in, a delay or nothing out.

export const FAST_MS = 2_000;
export const FAST_FOR_MS = 2 * 60_000;
export const SLOW_MS = 5_000;
export const SLOW_FOR_MS = 10 * 60_000;
export const LONGEST_MS = 60_000;

/**
 * The pause before the next read, or null for "not by itself; only when the admin comes back to the page".
 * `waitingFor` is how long the page has been waiting for WeCom (null: it is not waiting); `failures` counts reads that
 * failed in a row, and each doubles the pause.
 */
export function nextDelay({ waitingFor, failures }) {
  const pause = waitingPause(waitingFor) ?? (failures > 0 ? FAST_MS : null);
  return pause === null ? null : Math.min(pause * 2 ** failures, LONGEST_MS);
}

function waitingPause(waitingFor) {
  if (waitingFor === null || waitingFor >= FAST_FOR_MS + SLOW_FOR_MS) return null;
  return waitingFor < FAST_FOR_MS ? FAST_MS : SLOW_MS;
}
