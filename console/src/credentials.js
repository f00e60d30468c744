// URL, Token and EncodingAESKey while the admin needs to copy them: in memory only, gone once WeCom has verified them.

import { signal } from '@preact/signals';
import { awaitsCheck, scopeState } from './progress.js';

/** @import { CallbackState, Credentials, Scope, State } from './types.js' */
/** @import { Api } from './api.js' */

/** @typedef {{ credentials: Credentials, basis: string | null, revealed?: boolean }} Entry */
/** @typedef {ReturnType<typeof createCredentials>} HeldCredentials */

/** @param {{ api: Pick<Api, 'generateCredentials' | 'revealCredentials'> }} parts */
export function createCredentials({ api }) {
  const held = signal(/** @type {Partial<Record<Scope, Entry>>} */ ({}));

  /** @type {(scope: Scope, entry: Entry | undefined) => void} */
  const hold = (scope, entry) => {
    held.value = { ...held.value, [scope]: entry };
  };

  /**
   * A later generation, a new base URL or a verification makes what we hold out of date.
   * @param {CallbackState} callback
   */
  const basis = (callback) =>
    JSON.stringify([callback.status, callback.generation, callback.rotation_pending, callback.url]);

  return {
    /** What may be shown for that scope now, or null. @type {(scope: Scope, state: State) => Credentials | null} */
    of(scope, state) {
      const entry = held.value[scope];
      if (!entry) return null;
      return entry.revealed || awaitsCheck(scopeState(state, scope).callback) ? entry.credentials : null;
    },
    /** Whether they are known for the state as it is. @type {(scope: Scope, state: State) => boolean} */
    current(scope, state) {
      return held.value[scope]?.basis === basis(scopeState(state, scope).callback);
    },
    /** The ones waiting to be pasted. Asking again never changes them. @type {(scope: Scope, state: State) => Promise<void>} */
    async fetch(scope, state) {
      const credentials = await api.generateCredentials(scope);
      hold(scope, { credentials, basis: basis(scopeState(state, scope).callback) });
    },
    /** @param {Scope} scope */
    async rotate(scope) {
      hold(scope, { credentials: await api.generateCredentials(scope, true), basis: null });
    },
    /** Shows the verified ones again, at the admin's explicit wish. @param {Scope} scope */
    async reveal(scope) {
      hold(scope, { credentials: await api.revealCredentials(scope), basis: null, revealed: true });
    },
    /** What registering a Secret returned along with its answer. @type {(scope: Scope, credentials: Credentials) => void} */
    keep(scope, credentials) {
      hold(scope, { credentials, basis: null });
    },
    /** @param {Scope} scope */
    drop(scope) {
      hold(scope, undefined);
    },
    clear() {
      held.value = {};
    },
    /** @param {Scope} scope */
    isRevealed: (scope) => held.value[scope]?.revealed === true,
    /** Forgets what is no longer needed. @param {State} state */
    settle(state) {
      for (const [name, entry] of Object.entries(held.value)) {
        const scope = /** @type {Scope} */ (name);
        if (entry && !entry.revealed && !awaitsCheck(scopeState(state, scope).callback)) hold(scope, undefined);
      }
    },
  };
}
