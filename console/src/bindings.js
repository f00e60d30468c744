// Which of the tenant's bindings the page shows: there is one for each corporation. Another choice begins the page anew, so that
// nothing of the one before is left.

import { signal } from '@preact/signals';
import { passing } from './storage.js';

/** @import { Binding, State } from './types.js' */
/** @import { Store } from './storage.js' */
/** @import { Api } from './api.js' */

const KEPT = 'wecom-authorization.binding';
const PARAMETER = 'binding_id';
/** The one that every tenant has. */
const FIRST = 'first';

/** @typedef {ReturnType<typeof createBindings>} Bindings */
/** @typedef {Pick<Location, 'href' | 'search'>} Place */

/** The chosen one: the address names it, or this tab remembers it, which a tab that comes back from WeCom does. */
export function chosenBinding(store = passing, /** @type {Place | undefined} */ place = globalThis.location) {
  return new URLSearchParams(place?.search).get(PARAMETER) ?? store.getItem(KEPT) ?? FIRST;
}

/** @param {string} path as of the first binding */
export function ofChosenBinding(path) {
  const chosen = chosenBinding();
  const own = `authorizations/${encodeURIComponent(chosen)}`;
  return chosen === FIRST ? path : path.replace(/^authorization(?=\/|$)/, own);
}

/** Goes back to the first binding, because the chosen one is gone or another account's. Returns whether another one was chosen. */
export function leaveBinding() {
  const left = chosenBinding() !== FIRST;
  remember(FIRST);
  return left;
}

/** @param {string} bindingId */
function remember(bindingId) {
  const address = new URL(globalThis.location.href);
  if (bindingId === FIRST) {
    passing.removeItem(KEPT);
    address.searchParams.delete(PARAMETER);
  } else {
    passing.setItem(KEPT, bindingId);
    address.searchParams.set(PARAMETER, bindingId);
  }
  globalThis.history.replaceState(null, '', address);
}

/**
 * `forget` drops what is held for the binding that is shown.
 * @param {{ api: Pick<Api, 'listBindings' | 'addBinding' | 'disconnect'>, forget: () => void }} parts
 */
export function createBindings({ api, forget }) {
  const list = signal(/** @type {Binding[]} */ ([]));

  /** @param {string} bindingId */
  function choose(bindingId) {
    forget();
    remember(bindingId);
    // Another binding may be at another step.
    const address = new URL(globalThis.location.href);
    address.hash = '';
    globalThis.history.replaceState(null, '', address);
    globalThis.location.reload();
  }

  return {
    list,
    choose,
    /** Begins with a further corporation. */
    async add() {
      const { binding_id: bindingId } = await api.addBinding();
      choose(bindingId);
    },
    /** Removes the binding that is shown. */
    async remove() {
      await api.disconnect();
      choose(FIRST);
    },
    /** @param {State} state */
    isFirst: (state) => state.binding_id === FIRST,
    /** Reads the list when it does not show what the state shows. @param {State} state */
    async settle({ binding_id: bindingId, installation }) {
      const known = list.peek().find((binding) => binding.binding_id === bindingId);
      if (known && known.corp_name === installation.corp_name) return;
      // Without the list there is no switch, and everything else works.
      const read = await api.listBindings().catch(() => null);
      if (read) list.value = read.bindings;
    },
  };
}
