// What the browser brings back from WeCom's install page: `?installation=installed` or `?installation=failed&code=…`.
// It is a hint to show words for, never a fact: whether the app is installed, only the state says.

/** @typedef {{ outcome: 'installed', code: null } | { outcome: 'failed', code: string }} Arrival */

/**
 * Reads the hint and takes it out of the address, so that a reload or a bookmark does not repeat it.
 * @param {{ place?: Pick<Location, 'search' | 'pathname' | 'hash'>, history?: Pick<History, 'replaceState'> }} [window]
 * @returns {Arrival | null}
 */
export function takeArrival({ place = globalThis.location, history = globalThis.history } = {}) {
  const query = new URLSearchParams(place.search);
  const outcome = query.get('installation');
  if (outcome !== 'installed' && outcome !== 'failed') return null;
  const code = query.get('code') ?? 'unexpected';
  query.delete('installation');
  query.delete('code');
  const rest = query.toString();
  history.replaceState(null, '', place.pathname + (rest ? `?${rest}` : '') + place.hash);
  return outcome === 'failed' ? { outcome, code } : { outcome, code: null };
}

const CHANNEL = 'wecom-authorization';

/**
 * Tells the tab in which the installation was started.
 * @param {Arrival} arrival
 */
export function announceArrival(arrival) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(arrival);
  channel.close();
}

/** @param {(arrival: Arrival) => void} receive */
export function onArrivalElsewhere(receive) {
  new BroadcastChannel(CHANNEL).addEventListener('message', ({ data }) => receive(data));
}
