// What the admin has entered but not sent. It is held here, not in the views, so that a change of step or language keeps what
// was typed. Only what is no secret is also kept for a reload.

import { signal } from '@preact/signals';
import { passing } from './storage.js';

/** @import { Signal } from './types.js' */

const PREFIX = 'wecom-authorization.draft.';

/** @typedef {ReturnType<typeof createDrafts>} Drafts */

export function createDrafts(store = passing) {
  /** @type {Map<string, Signal<string>>} */
  const fields = new Map();
  /** @type {Map<string, Signal<unknown>>} */
  const notes = new Map();

  /** @type {<T>(map: Map<string, Signal<T>>, name: string, begin: () => T) => Signal<T>} */
  function one(map, name, begin) {
    const known = map.get(name);
    if (known) return known;
    const made = signal(begin());
    map.set(name, made);
    return made;
  }

  /** @param {string} name */
  const note = (name) =>
    one(notes, name, () => {
      try {
        return JSON.parse(store.getItem(PREFIX + name) ?? 'null');
      } catch {
        return null;
      }
    });

  return {
    /** Drops everything that was typed or noted. */
    clear() {
      for (const field of fields.values()) field.value = '';
      for (const noted of notes.values()) noted.value = null;
      for (const name of store.keys()) if (name.startsWith(PREFIX)) store.removeItem(name);
    },
    /** What was typed into the field of that name. Never leaves memory. @param {string} name */
    field: (name) => one(fields, name, () => ''),
    /** Like `field`, and its value outlives a reload. Never for a Secret. @param {string} name */
    lastingField(name) {
      const isNew = !fields.has(name);
      const field = one(fields, name, () => store.getItem(PREFIX + name) ?? '');
      if (isNew)
        field.subscribe((value) => (value ? store.setItem(PREFIX + name, value) : store.removeItem(PREFIX + name)));
      return field;
    },
    /** @type {(name: string, value: unknown) => void} */
    note(name, value) {
      note(name).value = value;
      if (value === null) store.removeItem(PREFIX + name);
      else store.setItem(PREFIX + name, JSON.stringify(value));
    },
    /** @type {(name: string) => unknown} */
    noted: (name) => note(name).value,
  };
}
