// Handles every event of a tenant once: what a consumer does that was away. Usage: consumer.mjs BASE_URL ADMIN_TOKEN

import { SeenInMemory, isEvent, listEvents, nameOf, once } from "../dist/index.js";

const [baseUrl, token] = process.argv.slice(2);
const seen = new SeenInMemory();

// Twice, as when it starts again: the second time there is nothing to do.
for (const pass of ["first", "second"]) {
  let handled = 0;
  for await (const event of listEvents({ baseUrl, token }, { event: "change_contact" }, 2)) {
    const isNew = await once(seen, event, async () => {
      const about = isEvent(event, "change_contact/create_user") ? ` ${event.payload.UserID}` : "";
      console.log(`${nameOf(event)}${about}`);
    });
    handled += isNew ? 1 : 0;
  }
  console.log(`${pass}: ${handled}`);
}
