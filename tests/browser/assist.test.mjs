// 请同事代办: a link for one step's values, opened once by somebody without an account, on a phone or elsewhere.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { appears, card, goTo, readValues } from './harness/admin.mjs';
import { assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { install, register, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** The admin makes a link. Answers its URL. */
async function makeLink(page) {
  const callback = card(page, '回填到企业微信');
  await callback.getByRole('button', { name: '请同事代办' }).click();
  const code = callback.locator('.assist code').last();
  await code.waitFor();
  return code.textContent();
}

/** A colleague's browser, which has no account and no cookie of ours. */
async function colleague(work, options = PHONE) {
  const context = await browser.newContext({ locale: 'zh-CN', ...options });
  try {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    const errors = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    await work(page, errors, context);
  } finally {
    await context.close();
  }
}

test('a colleague gets the three values once, on a phone, and sees what WeCom makes of them', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    await register(server, 'contacts');
    const page = await newPage(`${server.url}#/contacts`);
    const values = await readValues(page);
    const url = await makeLink(page);
    await card(page, '回填到企业微信')
      .getByText(/还能打开 (30 分 00|29 分 \d\d) 秒/)
      .waitFor();
    await inspect(page, 'assist-made');
    // The programs that preview a link in a chat.
    for (const agent of ['WeCom/4.1', 'Slackbot-LinkExpanding 1.0']) {
      const preview = await fetch(url, { headers: { accept: 'text/html', 'user-agent': agent } });
      assert.equal(preview.status, 200);
      assert.doesNotMatch(await preview.text(), new RegExp(values.token));
    }
    await colleague(async (theirs, errors, context) => {
      await theirs.goto(url);
      await inspect(theirs, 'assist-ask');
      await theirs.setViewportSize({ width: 360, height: 740 });
      await theirs.getByRole('button', { name: '显示三项值' }).click();
      await theirs.getByText('等待企业微信验证…').waitFor();
      assert.deepEqual(await theirs.locator('code').allTextContents(), [values.url, values.token, values.key]);
      await theirs.getByText(/本页还能使用 (29|30) 分钟/).waitFor();
      await theirs.getByRole('button', { name: '复制 Copy Token' }).click();
      await theirs.getByText('已复制 Copied').waitFor();
      assert.equal(await theirs.evaluate(() => navigator.clipboard.readText()), values.token);
      await inspect(theirs, 'assist-values');
      await page.bringToFront();
      await card(page, '回填到企业微信')
        .getByText(/同事已打开/)
        .waitFor();
      await theirs.bringToFront();
      const [first, ...rest] = values.token;
      const wrong = {
        url: values.url,
        token: `${first === 'a' ? 'b' : 'a'}${rest.join('')}`,
        encoding_aes_key: values.key,
      };
      await server.wecom.save(YUNFAN, 'contacts', wrong);
      await theirs.getByText(/Token 不一致，请重新复制/).waitFor();
      await inspect(theirs, 'assist-refused', { full: false });
      const right = { url: values.url, token: values.token, encoding_aes_key: values.key };
      await server.wecom.save(YUNFAN, 'contacts', right);
      await theirs.getByText('企业微信已验证，完成了').waitFor();
      await inspect(theirs, 'assist-done', { full: false });
      assert.deepEqual(errors, []);
      // Neither that browser nor another one sees the values again.
      for (const again of [theirs, await context.newPage()]) {
        await again.goto(url);
        await again.getByText('链接已失效').waitFor();
        assert.equal(await again.getByText(values.token).count(), 0);
      }
      await inspect(theirs, 'assist-ended');
    });
    assert.ok(!server.log().includes(url.split('/').at(-1)), 'the secret of the link is in no log');
    await goTo(page, 'audit');
    await page.getByText('打开协助链接').waitFor();
    await page.getByText('同事（协助链接）').waitFor();
    await assertNoErrors(record);
  }));

test('the admin revokes a link, and a page of it that is open ends', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    await register(server, 'external-contacts');
    const page = await newPage(`${server.url}#/external-contacts`);
    const values = await readValues(page);
    const unopened = await makeLink(page);
    const callback = card(page, '回填到企业微信');
    await page.reload();
    await callback.getByText('链接只在生成它的页面显示').waitFor();
    await inspect(page, 'assist-hidden', { full: false });
    await callback.getByRole('button', { name: '撤销' }).click();
    await callback.locator('.assist').waitFor({ state: 'detached' });
    await colleague(async (theirs) => {
      await theirs.goto(unopened);
      await theirs.getByText('链接已失效').waitFor();
    });
    const second = await makeLink(page);
    await colleague(async (theirs) => {
      await theirs.goto(second);
      await theirs.getByRole('button', { name: '显示三项值' }).click();
      await theirs.getByText(values.token).waitFor();
      await inspect(theirs, 'assist-values-external');
      await page.bringToFront();
      await callback.getByText(/同事已打开/).waitFor();
      await callback.getByRole('button', { name: '撤销' }).click();
      await callback.locator('.assist').waitFor({ state: 'detached' });
      await theirs.bringToFront();
      await theirs.getByText('链接已失效').waitFor();
      assert.equal(await theirs.getByText(values.token).count(), 0, 'the values are gone, too');
    });
    await assertNoErrors(record);
  }));

test('the sixth link is refused in words, and in English the page says the same', () =>
  onStage(
    browser,
    async ({ server, record, newPage }) => {
      await install(server);
      await register(server, 'contacts');
      for (let made = 0; made < 5; made += 1)
        await server.api.call('POST', '/authorization/assist-links', { scope: 'contacts' });
      const page = await newPage(`${server.url}#/contacts`);
      const callback = card(page, 'Paste into WeCom');
      await callback.getByRole('button', { name: 'Let a colleague do this' }).click();
      await appears(callback.getByText('Too many assist links'));
      await callback.getByRole('button', { name: 'Revoke' }).first().click();
      await appears(callback.locator('.assist-links li').nth(3));
      await callback.getByRole('button', { name: 'Let a colleague do this' }).click();
      await callback.locator('.assist code').waitFor();
      assert.equal(await callback.getByText('Too many assist links').count(), 0);
      await inspect(page, 'assist-made-en');
      await assertNoErrors(record, 429);
    },
    { locale: 'en-US' },
  ));
