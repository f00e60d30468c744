// Assist links: their URLs, which the server shows once, in memory for as long as this page lives.

import { signal } from '@preact/signals';

/** @import { Api } from './api.js' */
/** @import { ScopeName } from './types.js' */

/** @typedef {ReturnType<typeof createAssistLinks>} AssistLinks */

/** @param {{ api: Pick<Api, 'createAssistLink' | 'revokeAssistLink'> }} parts */
export function createAssistLinks({ api }) {
  const urls = signal(/** @type {Record<string, string>} */ ({}));

  return {
    /** The URL of a link that was made here, or null. @param {string} id */
    url: (id) => urls.value[id] ?? null,
    /** @param {ScopeName} scope */
    async create(scope) {
      const { id, url } = await api.createAssistLink(scope);
      urls.value = { ...urls.value, [id]: url };
    },
    /** @param {string} id */
    revoke: (id) => api.revokeAssistLink(id),
    clear() {
      urls.value = {};
    },
  };
}
