// Where the admin is: `#/contacts` and the like, so that reloading, the back button and a bookmark all work.

import { signal } from '@preact/signals';

/** @import { Route } from './types.js' */

const ROUTES = /** @type {const} */ ([
  'install',
  'contacts',
  'external-contacts',
  'finish',
  'overview',
  'events',
  'audit',
  'settings',
]);

/** @typedef {ReturnType<typeof createRouter>} Router */

export function createRouter({ place = globalThis.location, target = globalThis } = {}) {
  const read = () => asRoute(place.hash.replace(/^#\//, ''));
  const named = signal(read());
  target.addEventListener('hashchange', () => {
    named.value = read();
  });
  /** Names the place without a new entry in the history. @param {Route} route */
  const settle = (route) => {
    globalThis.history.replaceState(globalThis.history.state, '', href(route));
    named.value = route;
  };
  return {
    /** The route that the address names, or null. */
    get current() {
      return named.value;
    },
    settle,
    /** Settles for a route unless the address names one: the admin may have chosen since the view was drawn. @param {Route} route */
    suggest(route) {
      if (read() === null) settle(route);
    },
    /** @param {Route} route */
    go(route) {
      place.hash = href(route);
    },
  };
}

/** @param {unknown} name @returns {Route | null} */
export function asRoute(name) {
  return ROUTES.find((route) => route === name) ?? null;
}

/** @param {Route} route */
export function href(route) {
  return `#/${route}`;
}
