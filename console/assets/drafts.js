// What the admin has begun but not sent. Fields live here, not in the views, so that a change of step or language keeps
// what was typed. Only what is no secret is also kept for a reload.

const PREFIX = 'wecom-authorization.draft.';

export function createDrafts(store = globalThis.sessionStorage) {
  const fields = new Map();
  return {
    /** Begins anew: nothing of what was typed or noted is left. */
    clear() {
      fields.clear();
      for (const name of Object.keys(store)) if (name.startsWith(PREFIX)) store.removeItem(name);
    },
    /** The one input of that name, made at the first call. */
    field(name, build) {
      if (!fields.has(name)) fields.set(name, build());
      return fields.get(name);
    },
    /** Like `field`, and its value outlives a reload. Never for a Secret. */
    lastingField(name, build) {
      return this.field(name, () => {
        const input = build();
        input.value = store.getItem(PREFIX + name) ?? input.value;
        input.addEventListener('input', () => store.setItem(PREFIX + name, input.value));
        return input;
      });
    },
    note(name, value) {
      if (value === null) store.removeItem(PREFIX + name);
      else store.setItem(PREFIX + name, JSON.stringify(value));
    },
    noted(name) {
      try {
        return JSON.parse(store.getItem(PREFIX + name) ?? 'null');
      } catch {
        return null;
      }
    },
  };
}
