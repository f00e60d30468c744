// Where the admin is: `#/contacts` and the like, so that reloading, the back button and a bookmark all work.

const ROUTES = ['install', 'contacts', 'external-contacts', 'finish', 'overview', 'events', 'audit', 'settings'];

export function createRouter({ place = globalThis.location, target = globalThis } = {}) {
  const listeners = new Set();
  target.addEventListener('hashchange', () => listeners.forEach((listener) => listener()));
  return {
    /** The route that the address names, or null. */
    current() {
      const name = place.hash.replace(/^#\//, '');
      return ROUTES.includes(name) ? name : null;
    },
    go(name) { place.hash = `#/${name}`; },
    /** Names the place without a new entry in the history. */
    settle(name) { globalThis.history.replaceState(null, '', `#/${name}`); },
    subscribe(listener) { listeners.add(listener); },
  };
}

export function href(name) {
  return `#/${name}`;
}
