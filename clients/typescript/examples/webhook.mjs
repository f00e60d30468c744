// Receives webhooks: webhook.mjs PORT SECRET. The first argument may be `-`: then one webhook comes on standard input, as
// {"headers": …, "body": …}.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { SeenInMemory, once } from "wecom-authorization-client";

const [port, secret] = process.argv.slice(2);
const webhooks = new Webhook(secret);
const seen = new SeenInMemory(); // In production: a table beside your own, in the same transaction.

async function receive(headers, body) {
  const event = webhooks.verify(body, headers); // Throws unless the signature is right and at most five minutes old.
  if (event["detail-type"] !== "wecom.event") return;
  await once(seen, event.detail, (detail) => console.log(detail.event_id, detail.payload?.UserID ?? ""));
}

if (port === "-") {
  const { headers, body } = JSON.parse(await text(process.stdin));
  await receive(headers, body);
} else {
  createServer(async (request, response) => {
    try {
      await receive(request.headers, await text(request));
      response.writeHead(204).end();
    } catch {
      response.writeHead(400).end();
    }
  }).listen(Number(port), "127.0.0.1");
}
