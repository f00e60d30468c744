// The operators' page: every tenant, one tenant, companies that nobody has claimed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { card } from './harness/admin.mjs';
import { assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { complete, install, QINGSHAN, until, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const address = (server, query = '') => `${server.url}operator${query}`;

/** Waits until the operators' lists have the tenant, which they get from the stream. */
async function listed(server, query) {
  const url = `${server.local.base_url}/operator/tenants?${query}`;
  const headers = { authorization: `Bearer ${server.local.operator_token}` };
  await until(`the list: ${query}`, async () => (await (await fetch(url, { headers })).json()).tenants.length > 0);
}

test('lists the tenants by a filter that stays in the address, and checks and disconnects one', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await complete(server);
    await server.wecom.resetSecret(YUNFAN, 'contacts');
    await server.api.call('POST', '/authorization/check');
    await listed(server, 'health=broken');
    const page = await newPage(address(server));
    const tenant = page.getByRole('link', { name: `${YUNFAN.name} (demo)` });
    await tenant.waitFor();
    await inspect(page, 'operator-list');

    await page.getByLabel('健康状况').selectOption({ label: '正常' });
    await page.getByRole('button', { name: '查找' }).click();
    await page.getByText('没有符合条件的租户。').waitFor();
    assert.equal(new URL(page.url()).search, '?health=ok');
    await page.reload();
    await page.getByText('没有符合条件的租户。').waitFor();
    assert.equal(await page.getByLabel('健康状况').inputValue(), 'ok');
    await page.goBack();
    await tenant.waitFor();
    await page.getByLabel('搜索').fill('云帆');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('query') === '云帆');
    await tenant.click();
    assert.equal(new URL(page.url()).search, '?tenant=demo');
    await page.getByText('平台人员查看').first().waitFor();
    await inspect(page, 'operator-tenant');

    await page.getByRole('button', { name: '立即复查' }).click();
    await page.getByRole('alert').getByText('已复查，结果如上。').waitFor();
    await page.getByText('平台人员复查').waitFor();
    await page.getByRole('button', { name: '断开连接' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`断开 ${YUNFAN.name}？`).waitFor();
    await inspect(page, 'operator-disconnect', { full: false });
    await dialog.getByRole('button', { name: '取消' }).click();
    assert.equal((await server.api.state()).installation.status, 'installed');
    await page.getByRole('button', { name: '断开连接' }).click();
    await dialog.getByRole('button', { name: '断开连接' }).click();
    await page.getByRole('alert').getByText('已断开连接。').waitFor();
    assert.equal((await server.api.state()).installation.status, 'not_installed');
    const [newest] = (await server.api.audit()).entries.filter((entry) => entry.action === 'disconnected');
    assert.equal(newest.actor.kind, 'operator');
    await assertNoErrors(record);
  }));

test('checks and disconnects a further company of a tenant, and leaves the first alone', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await complete(server);
    const { binding_id: id } = await server.api.call('POST', '/authorizations');
    const further = {
      installLink: async () => (await server.api.call('POST', `/authorizations/${id}/installation`)).install_url,
      state: () => server.api.call('GET', `/authorizations/${id}`),
    };
    await install(server, { corp: QINGSHAN, api: further });
    await listed(server, `query=${encodeURIComponent(QINGSHAN.name)}`);
    const page = await newPage(address(server));
    await page.getByRole('link', { name: `${QINGSHAN.name} (demo)` }).click();
    assert.equal(new URL(page.url()).searchParams.get('binding'), id);
    await page.getByRole('button', { name: '立即复查' }).click();
    await page.getByRole('alert').getByText('已复查，结果如上。').waitFor();
    await page.getByText('平台人员复查').waitFor();
    await page.getByRole('button', { name: '断开连接' }).click();
    await page.getByRole('dialog').getByText(`断开 ${QINGSHAN.name}？`).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: '断开连接' }).click();
    await page.getByRole('alert').getByText('已断开连接。').waitFor();
    await page.getByText('已移除', { exact: true }).waitFor();
    for (const name of ['立即复查', '断开连接']) await page.getByRole('button', { name }).waitFor({ state: 'hidden' });
    assert.equal((await server.api.call('GET', '/authorizations')).bindings.length, 1);
    assert.equal((await server.api.state()).installation.status, 'installed');
    await inspect(page, 'operator-further');
    await assertNoErrors(record);
  }));

test('shows which requests were refused on a callback', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await complete(server);
    const { url } = (await server.api.state()).external_contacts.callback;
    for (const _ of [1, 2]) {
      const forged = await fetch(`${url}?msg_signature=a&timestamp=1&nonce=1&echostr=a`);
      assert.equal(forged.status, 403);
    }
    await until('the note', async () => (await server.api.state()).external_contacts.callback.refusals.length > 0);
    const page = await newPage(address(server, '?tenant=demo'));
    const callback = card(page, '外部联系人回调');
    await callback.getByText(url).waitFor();
    await callback.getByText('被拒绝的请求 (1)').click();
    assert.match(await callback.locator('.refusals li').textContent(), /Token 不一致来自 127\.0\.0\.1[12] 次/);
    await card(page, '客户Secret').getByText('••••').waitFor();
    await inspect(page, 'operator-refusals');
    await assertNoErrors(record);
  }));

test('assigns a company that came from the app market, in English', () =>
  onStage(
    browser,
    async ({ server, record, newPage }) => {
      await server.wecom.suiteEvent(QINGSHAN, 'create_auth');
      const page = await newPage(address(server, '?view=claims'));
      await until('the claim', async () => {
        await page.reload();
        await page.getByRole('heading', { level: 3 }).waitFor();
        return (await page.getByLabel('Assign to tenant').count()) > 0;
      });
      await inspect(page, 'operator-claims-en');
      await page.getByLabel('Assign to tenant').fill('no/tenant');
      await page.getByRole('button', { name: 'Assign' }).click();
      await page.getByRole('alert').getByText('malformed_request').waitFor();
      await page.getByLabel('Assign to tenant').fill('demo');
      await page.getByRole('button', { name: 'Assign' }).click();
      await page.getByRole('alert').getByText(`${QINGSHAN.name} is assigned to demo.`).waitFor();
      await page.getByText('No company waits.').waitFor();
      assert.equal((await server.api.state()).installation.corp_name, QINGSHAN.name);
      await page.getByRole('link', { name: 'Open the tenant' }).click();
      await card(page, QINGSHAN.name).waitFor();
      await assertNoErrors(record, 400);
    },
    { locale: 'en' },
  ));

test("shows nothing to a tenant's admin", () =>
  onStage(browser, async ({ server, record, newPage }) => {
    const page = await newPage(`${address(server)}#token=${server.local.admin_token}`);
    await page.getByRole('alert').getByText('forbidden').first().waitFor();
    assert.equal(await page.getByRole('listitem').count(), 0);
    await assertNoErrors(record, 403);
  }));
