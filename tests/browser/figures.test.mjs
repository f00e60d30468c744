// What the page costs: how much comes over the wire and in how many requests, and how soon it can be used. Weight and requests
// are held; times depend on the machine, so they are printed and not judged. docs/console.md shows the figures.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { heading } from './harness/admin.mjs';
import { assertNoErrors, openBrowser } from './harness/browser.mjs';
import { complete } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

const WEIGHT_LIMIT_BYTES = 100_000;
/** The HTML, the styles, the two scripts, the texts, the mark, one drawing, `config.json` and the state; with room for a few more. */
const REQUESTS_LIMIT = 20;
/** The HTML, `config.json`, the state and, after it, the list of corporations. */
const REQUESTS_AGAIN_LIMIT = 4;
const ROUNDS = 5;

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

async function forget(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await session.detach();
}

/** What went over the wire while `visit` ran, bodies as they were sent, without headers; what the browser had kept is not in it. */
async function wire(page, visit) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const sent = new Map();
  const kept = new Set();
  session.on('Network.responseReceived', ({ requestId, response }) => {
    if (!response.fromDiskCache && !kept.has(requestId)) sent.set(requestId, { url: response.url, bytes: 0 });
  });
  session.on('Network.requestServedFromCache', ({ requestId }) => kept.add(requestId));
  session.on('Network.dataReceived', ({ requestId, encodedDataLength }) => {
    if (sent.has(requestId)) sent.get(requestId).bytes += encodedDataLength;
  });
  await visit();
  await session.detach();
  const answers = [...sent.values()].filter(({ url }) => url.startsWith('http'));
  return {
    requests: answers.length,
    bytes: answers.reduce((sum, { bytes }) => sum + bytes, 0),
    urls: answers.map(({ url }) => new URL(url).pathname),
  };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

for (const [what, prepare, title] of [
  ['the first step', async () => {}, '安装应用'],
  ['the overview', complete, '概览'],
]) {
  test(`${what} is light, and a second visit asks for next to nothing`, (t) =>
    onStage(browser, async ({ server, record, newPage }) => {
      await prepare(server);
      const page = await newPage('about:blank');
      const times = { first: [], again: [] };
      const visit = async (kind) => {
        await page.goto(server.url);
        await heading(page, title).waitFor();
        // The view is there, with its buttons: since the start of the navigation, by the page's own clock.
        times[kind].push(await page.evaluate(() => Math.round(performance.now())));
        await page.waitForLoadState('networkidle');
      };
      for (let round = 0; round < ROUNDS; round += 1) {
        await forget(page);
        const first = await wire(page, () => visit('first'));
        const again = await wire(page, () => visit('again'));
        if (round === 0)
          t.diagnostic(
            `first visit: ${first.requests} requests, ${first.bytes} bytes; second: ${again.requests} requests, ${again.bytes} bytes`,
          );
        assert.ok(first.bytes > 10_000 && first.bytes < WEIGHT_LIMIT_BYTES, `${first.bytes} bytes`);
        assert.ok(first.requests > 5 && first.requests <= REQUESTS_LIMIT, `${first.requests}: ${first.urls}`);
        assert.ok(again.requests <= REQUESTS_AGAIN_LIMIT, `${again.urls}`);
      }
      t.diagnostic(
        `usable after ${median(times.first)} ms on a first visit, ${median(times.again)} ms on a second (medians of ${ROUNDS})`,
      );
      await assertNoErrors(record);
    }));
}

/** Of a line such as a phone's at the edge of a cell: HTTP/1.1, 400 ms for each answer to begin, 50 KB/s. */
const SLOW = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
const FIRST_WORDS_MS = 1_500;
const USABLE_MS = 3_000;

test('on a slow line the first words stand before the first step can be used', (t) =>
  onStage(browser, async ({ server, record, newPage }) => {
    const page = await newPage('about:blank');
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', SLOW);
    const words = [];
    const usable = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await forget(page);
      await page.goto(server.url, { waitUntil: 'commit' });
      await page.getByRole('button', { name: '显示授权二维码' }).waitFor();
      usable.push(await page.evaluate(() => Math.round(performance.now())));
      words.push(
        await page.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0].startTime)),
      );
    }
    for (let round = 0; round < ROUNDS; round += 1) assert.ok(words[round] < usable[round], `${words} ${usable}`);
    t.diagnostic(
      `first words after ${median(words)} ms (goal ${FIRST_WORDS_MS}), usable after ${median(usable)} ms (goal ${USABLE_MS}), medians of ${ROUNDS}`,
    );
    await assertNoErrors(record);
  }));
