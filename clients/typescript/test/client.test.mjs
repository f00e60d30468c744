// The client against the catalogue's own examples, and against a server that answers as the API does.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";

import { AccessTokens, AdminClient, ApiError, SeenInMemory, TokenError, isEvent, listEvents, nameOf, once, readEvent } from "../dist/index.js";

const asyncapi = JSON.parse(readFileSync(new URL("../../../docs/asyncapi.json", import.meta.url)));
const examples = Object.values(asyncapi.channels.bus.messages)
  .flatMap((message) => message.examples)
  .map((example) => example.payload)
  .filter((event) => event["detail-type"] === "wecom.event");

async function serve(answer) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const { status = 200, body } = answer(new URL(request.url, "http://api"), request.headers);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { api: { baseUrl: `http://127.0.0.1:${server.address().port}`, token: "t" }, asked, server };
}

test("every example of the catalogue is known by its name", () => {
  const types = readFileSync(new URL("../src/catalogue.ts", import.meta.url), "utf8");
  assert.ok(examples.length > 50);
  for (const { detail } of examples) {
    assert.ok(types.includes(`"${nameOf(detail)}":`), nameOf(detail));
    assert.ok(isEvent(detail, nameOf(detail)));
    assert.ok(!isEvent(detail, "change_contact/of_tomorrow"));
  }
});

test("an event that is too large for the bus is no event of a name", () => {
  const { payload, ...detail } = examples[0].detail;
  assert.ok(!isEvent({ ...detail, payload_at: "/authorization/events/x" }, nameOf({ ...detail, payload })));
});

test("an event is handled once, and again when its handler failed", async () => {
  const seen = new SeenInMemory(2);
  const handled = [];
  const handle = async (event) => void handled.push(event.event_id);
  await assert.rejects(once(seen, { event_id: "a" }, async () => Promise.reject(new Error("down"))));
  assert.equal(await once(seen, { event_id: "a" }, handle), true);
  assert.equal(await once(seen, { event_id: "a" }, handle), false);
  for (const id of ["b", "c", "a"]) await once(seen, { event_id: id }, handle);
  assert.deepEqual(handled, ["a", "b", "c", "a"], "the oldest is forgotten when there is no room");
});

test("pages are followed to the end, with the filter and the token", async () => {
  const { api, asked, server } = await serve((url, headers) => {
    assert.equal(headers.authorization, "Bearer t");
    const last = url.searchParams.get("cursor") === "next";
    return { body: { events: [{ event_id: last ? "2" : "1" }], next_cursor: last ? null : "next" } };
  });
  const ids = [];
  for await (const event of listEvents(api, { event: "change_contact" }, 1)) ids.push(event.event_id);
  server.close();
  assert.deepEqual(ids, ["1", "2"]);
  assert.deepEqual(asked, [
    "/authorization/events?event=change_contact&limit=1",
    "/authorization/events?event=change_contact&limit=1&cursor=next",
  ]);
});

test("a refusal has its code", async () => {
  const { api, server } = await serve(() => ({ status: 429, body: { code: "too_many_attempts", retry_after: 7 } }));
  const refused = await readEvent(api, "abc").catch((error) => error);
  server.close();
  assert.ok(refused instanceof ApiError);
  assert.deepEqual([refused.status, refused.code, refused.retryAfter], [429, "too_many_attempts", 7]);
});

test("a token is asked for once while it is good, and again when WeCom refuses it", async () => {
  const asked = [];
  let lifetime = 3_600_000;
  const tokens = new AccessTokens(async (payload) => {
    asked.push(JSON.parse(payload));
    const answer = { access_token: `token-${asked.length}`, expires_at: new Date(Date.now() + lifetime).toISOString() };
    return { payload: JSON.stringify(answer), failed: false };
  });
  const request = { tenant_id: "acme", kind: "contacts" };
  assert.equal(await tokens.get(request), "token-1");
  assert.equal(await tokens.get(request), "token-1");
  lifetime = 30_000;
  assert.equal(await tokens.replace(request, "token-1"), "token-2");
  assert.equal(await tokens.get(request), "token-3", "one that ends within a minute is not used");
  assert.deepEqual(asked[1], { ...request, rejected_access_token: "token-1" });
});

test("the broker's refusal has its code", async () => {
  const refuse = async () => ({ payload: JSON.stringify({ errorType: "not_installed", errorMessage: "no" }), failed: true });
  const refused = await new AccessTokens(refuse).get({ tenant_id: "acme", kind: "contacts" }).catch((error) => error);
  assert.ok(refused instanceof TokenError);
  assert.equal(refused.code, "not_installed");
});

test("the admin client asks for what the method says, and once more for a token that is refused", async () => {
  const seen = [];
  const { api, asked, server } = await serve((url, headers) => {
    seen.push(headers.authorization);
    if (headers.authorization !== "Bearer fresh") return { status: 401, body: { code: "unauthenticated" } };
    return { body: { path: url.pathname } };
  });
  const tokens = ["old", "fresh", "fresh", "fresh"];
  const admin = new AdminClient({ ...api, token: async () => tokens.shift() });
  assert.deepEqual(await admin.checkAuthorization(), { path: "/authorization/check" });
  assert.deepEqual(seen, ["Bearer old", "Bearer fresh"]);
  await admin.listEvents({ event: "change_contact", limit: 5 });
  await admin.readHelp("corp-id", "en");
  assert.deepEqual(asked.slice(2), ["/authorization/events?event=change_contact&limit=5", "/help/corp-id?locale=en"]);
  server.close();
});

test("the client of a binding asks below its id, and for the list and the help where they are", async () => {
  const { api, asked, server } = await serve(() => ({ body: {} }));
  const first = new AdminClient(api);
  const further = first.ofBinding("0f".repeat(16));
  await further.readAuthorization();
  await further.listEvents({ limit: 5 });
  await further.listBindings();
  await further.readHelp("corp-id");
  await further.ofBinding("first").readAuthorization();
  const own = `/authorizations/${"0f".repeat(16)}`;
  assert.deepEqual(asked, [own, `${own}/events?limit=5`, "/authorizations", "/help/corp-id?locale=zh-CN", "/authorization"]);
  server.close();
});

test("a refusal of the admin API is an error with its code, its wait and the whole problem", async () => {
  const body = { code: "wrong_secret_kind", looks_like: "contacts", retry_after: 30 };
  const { api, server } = await serve(() => ({ status: 422, body }));
  await assert.rejects(new AdminClient(api).registerSecret("contacts", { secret: "x" }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.code, error.retryAfter, error.problem], [422, "wrong_secret_kind", 30, body]);
    return true;
  });
  server.close();
});
