// What the browser brings back from WeCom's install page: `?installation=installed` or `?installation=failed&code=…`.
// It is a hint to show words for, never a fact: whether the app is installed, only the state says.

/** Reads the hint and takes it out of the address, so that a reload or a bookmark does not repeat it. */
export function takeArrival({ place = globalThis.location, history = globalThis.history } = {}) {
  const query = new URLSearchParams(place.search);
  const outcome = query.get('installation');
  if (outcome !== 'installed' && outcome !== 'failed') return null;
  const code = outcome === 'failed' ? query.get('code') ?? 'unexpected' : null;
  query.delete('installation');
  query.delete('code');
  const rest = query.toString();
  history.replaceState(null, '', place.pathname + (rest ? `?${rest}` : '') + place.hash);
  return { outcome, code };
}

const CHANNEL = 'wecom-authorization';

/** Tells the tab in which the installation was begun. */
export function announceArrival(arrival) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(arrival);
  channel.close();
}

export function onArrivalElsewhere(receive) {
  new BroadcastChannel(CHANNEL).addEventListener('message', ({ data }) => receive(data));
}
