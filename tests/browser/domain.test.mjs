// The callback's own domain, and the platform's addresses with 复制 where they are asked for.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { card } from './harness/admin.mjs';
import { assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { complete, install, register, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const TARGET = 'd1a2b3c4e5f6g7.cloudfront.net';
const EGRESS = ['203.0.113.7', '203.0.113.8'];
const ADDRESSES = ['--cname-target', TARGET, '--egress-addresses', EGRESS.join(',')];
const copied = (page) => page.evaluate(() => navigator.clipboard.readText());

test('keeps a domain that leads nowhere as pending, says what is missing, and uses one that leads here', () =>
  onStage(
    browser,
    async ({ server, record, newPage }) => {
      await install(server);
      await register(server, 'contacts');
      const page = await newPage(`${server.url}#/settings`);
      const domain = card(page, '回调域名');
      assert.equal(await domain.locator('code').first().textContent(), TARGET);
      await domain.getByRole('button', { name: /^复制.*CNAME/ }).click();
      assert.equal(await copied(page), TARGET);

      await domain.getByLabel('贵公司的回调域名').fill('wecom.nowhere.invalid');
      await domain.getByRole('button', { name: '使用此域名' }).click();
      await domain.getByRole('alert').getByText('域名已记下，还不能使用').waitFor();
      await domain.getByText('https://wecom.nowhere.invalid 还不能使用').waitFor();
      await domain.getByText('域名还没有解析到任何地址').waitFor();
      await domain.getByText('证书由平台自动签发').waitFor();
      await inspect(page, 'domain-pending');
      const { contacts } = await server.api.state();
      assert.ok(!contacts.callback.url.includes('nowhere'), contacts.callback.url);

      const again = domain.getByRole('button', { name: '再次检查' });
      await again.press('Enter');
      await domain.getByRole('alert').getByText('域名已记下，还不能使用').waitFor();
      assert.ok(await again.evaluate((element) => element === document.activeElement));

      await domain.getByLabel('贵公司的回调域名').fill('wecom.example.com');
      await domain.getByRole('button', { name: '使用此域名' }).click();
      await domain.getByRole('alert').getByText('回调域名已保存').waitFor();
      await domain.getByText('当前使用 https://wecom.example.com。').waitFor();
      await inspect(page, 'domain-in-use');
      await page.goto(`${server.url}#/contacts`);
      await page
        .getByText(/^https:\/\/wecom\.example\.com\/callback\//)
        .first()
        .waitFor();
      await assertNoErrors(record);
    },
    { args: ADDRESSES },
  ));

test('gives the outgoing addresses where WeCom refused them, one by one and all together, in English too', () =>
  onStage(
    browser,
    async ({ server, record, newPage }) => {
      await complete(server);
      await server.wecom.switches(YUNFAN, { contacts_ip_untrusted: true });
      await server.api.call('POST', '/authorization/check');
      const page = await newPage(`${server.url}#/overview`);
      const all = page.getByRole('button', { name: /all outgoing addresses/ }).first();
      await all.click();
      assert.equal(await copied(page), EGRESS.join('\n'));
      await inspect(page, 'addresses-on-overview-en');
      await page.goto(`${server.url}#/settings`);
      const addresses = card(page, 'The platform’s addresses');
      assert.deepEqual(await addresses.locator('code').allTextContents(), [
        ...EGRESS,
        `${new URL(server.url).origin}/suite/callback`,
      ]);
      await inspect(page, 'addresses-en');
      await assertNoErrors(record);
    },
    { args: ADDRESSES, locale: 'en' },
  ));

test('says that there are none where the deployment has none', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage(`${server.url}#/settings`);
    await card(page, '平台地址').getByText('平台没有固定的出口地址').waitFor();
    const domain = card(page, '回调域名');
    await domain.getByText('平台没有设置统一的 CNAME 目标').waitFor();
    await domain.getByLabel('贵公司的回调域名').fill('https://wecom.nowhere.invalid');
    await domain.getByRole('button', { name: '使用此域名' }).click();
    await domain.getByText('证书由平台人员为该域名申请和安装').waitFor();
    await inspect(page, 'addresses-none');
    await assertNoErrors(record);
  }));
