// What a step asks for is seen without scrolling, on a desk and on a phone, in both languages.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { goTo } from './harness/admin.mjs';
import { assertNoErrors, openBrowser } from './harness/browser.mjs';
import { connect, install, register } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

const SIZES = [
  [1440, 900],
  [1366, 768],
  [360, 740],
];
let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** Where the step's button ends, in pixels from the top of the page, at each size. */
async function assertSeen(t, page, name, button) {
  const found = [];
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    await page.evaluate(() => globalThis.scrollTo(0, 0));
    const { y, height: own } = await button.boundingBox();
    found.push([`${width}×${height}`, Math.round(y + own), height]);
  }
  t.diagnostic(`${name}: ${found.map(([size, end]) => `${size} ${end}`).join(', ')}`);
  for (const [size, end, height] of found) assert.ok(end <= height, `${name} at ${size} ends at ${end}`);
}

for (const locale of ['zh-CN', 'en-GB']) {
  test(`the action of each step is seen without scrolling, in ${locale}`, (t) =>
    onStage(
      browser,
      async ({ server, record, newPage }) => {
        const page = await newPage();
        const primary = page.locator('main .button-primary').first();
        await assertSeen(t, page, 'install', primary);
        await install(server);
        for (const scope of ['contacts', 'external-contacts']) {
          await goTo(page, scope);
          await page.reload();
          await page.locator(`main input[name="secret"]`).waitFor();
          await assertSeen(t, page, `${scope}: Secret`, primary);
          await register(server, scope);
          await page.reload();
          await page.locator('dl.values code').nth(2).waitFor();
          await assertSeen(t, page, `${scope}: values`, page.locator('dl.values .button-copy').first());
          await connect(server, scope);
        }
        await goTo(page, 'finish');
        await page.reload();
        await primary.waitFor();
        await assertSeen(t, page, 'finish', primary);
        await assertNoErrors(record);
      },
      { locale },
    ));
}
