/** Which events have been handled. Keep it where the effects are kept, so that both survive or neither. */
export interface SeenEvents {
  has(eventId: string): Promise<boolean>;
  add(eventId: string): Promise<void>;
}

/** Handles an event unless it has been handled. Answers whether it was handled now. An event whose handler fails is not seen. */
export async function once<E extends { event_id: string }>(
  seen: SeenEvents,
  event: E,
  handle: (event: E) => Promise<void>,
): Promise<boolean> {
  if (await seen.has(event.event_id)) {
    return false;
  }
  await handle(event);
  await seen.add(event.event_id);
  return true;
}

/** Remembers the newest events of this process: for development, and for what may be done twice after a restart. */
export class SeenInMemory implements SeenEvents {
  readonly #ids = new Set<string>();
  readonly #capacity: number;

  constructor(capacity = 100_000) {
    this.#capacity = capacity;
  }

  async has(eventId: string): Promise<boolean> {
    return this.#ids.has(eventId);
  }

  async add(eventId: string): Promise<void> {
    this.#ids.add(eventId);
    if (this.#ids.size > this.#capacity) {
      const [oldest] = this.#ids;
      this.#ids.delete(oldest as string);
    }
  }
}
