// URL, Token and EncodingAESKey while the admin needs to copy them: in memory only, gone once WeCom has verified them.

import { awaitsCheck, scopeState } from './progress.js';

export function createCredentials({ api }) {
  const held = new Map();

  /** A later generation, a new base URL or a verification makes what we hold out of date. */
  const basis = (callback) => JSON.stringify([callback.status, callback.generation, callback.rotation_pending, callback.url]);

  return {
    /** What may be shown for that scope now, or null. */
    of(scope, state) {
      const entry = held.get(scope);
      if (!entry) return null;
      return entry.revealed || awaitsCheck(scopeState(state, scope).callback) ? entry.credentials : null;
    },
    /** Whether they are known for the state as it is. */
    current(scope, state) {
      return held.get(scope)?.basis === basis(scopeState(state, scope).callback);
    },
    /** The ones waiting to be pasted. Asking again never changes them. */
    async fetch(scope, state) {
      const credentials = await api.generateCredentials(scope);
      held.set(scope, { credentials, basis: basis(scopeState(state, scope).callback) });
    },
    async rotate(scope) {
      const credentials = await api.generateCredentials(scope, true);
      held.set(scope, { credentials, basis: null });
    },
    /** Shows the verified ones again, at the admin's explicit wish. */
    async reveal(scope) {
      held.set(scope, { credentials: await api.revealCredentials(scope), basis: null, revealed: true });
    },
    /** What registering a Secret returned along with its answer. */
    keep(scope, credentials) {
      if (credentials?.token) held.set(scope, { credentials, basis: null });
    },
    drop(scope) { held.delete(scope); },
    clear() { held.clear(); },
    isRevealed: (scope) => held.get(scope)?.revealed === true,
    /** Forgets what is no longer needed. */
    settle(state) {
      for (const [scope, entry] of held) {
        if (!entry.revealed && !awaitsCheck(scopeState(state, scope).callback)) held.delete(scope);
      }
    },
  };
}
