// The browser's storage, or memory where it gives none: a frame whose third-party cookies are blocked has no storage either.

/** @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> & { keys: () => string[] }} Store */

/** @param {'localStorage' | 'sessionStorage'} name @returns {Store} */
function open(name) {
  try {
    const store = globalThis[name];
    store.getItem('');
    return {
      getItem: (key) => store.getItem(key),
      setItem: (key, value) => store.setItem(key, value),
      removeItem: (key) => store.removeItem(key),
      keys: () => Object.keys(store),
    };
  } catch {
    /** @type {Map<string, string>} */
    const memory = new Map();
    return {
      getItem: (key) => memory.get(key) ?? null,
      setItem: (key, value) => void memory.set(key, value),
      removeItem: (key) => void memory.delete(key),
      keys: () => [...memory.keys()],
    };
  }
}

/** Outlives the tab. Never for a token or a Secret. */
export const lasting = open('localStorage');
/** Ends with the tab. */
export const passing = open('sessionStorage');
