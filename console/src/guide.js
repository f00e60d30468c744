// Which topic of 操作指引 is shown. `suggest` follows what the admin is at; `open` is the admin's wish and brings the panel
// into view, and the way back.

import { signal } from '@preact/signals';

/** @typedef {ReturnType<typeof createGuide>} Guide */

export function createGuide() {
  const topic = signal(/** @type {string | null} */ (null));
  const opener = signal(/** @type {HTMLElement | null} */ (null));
  return {
    topic,
    /** What has opened the panel, and gets the focus back. */
    opener,
    /** @param {string | null} wanted */
    suggest(wanted) {
      topic.value = wanted;
    },
    /** @type {(wanted: string, from: HTMLElement) => void} */
    open(wanted, from) {
      topic.value = wanted;
      opener.value = from;
    },
    goBack() {
      const from = opener.peek();
      opener.value = null;
      from?.focus();
      from?.scrollIntoView({ block: 'center' });
    },
  };
}
