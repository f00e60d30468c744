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

/** A page of the list, as the API answers it. */
const pageOf = (names, next = null) => ({
  tenants: names.map((name) => ({
    tenant_id: name,
    binding_id: 'first',
    corp_name: null,
    health: 'ok',
    since: '2026-11-20T08:00:00Z',
    next_step: 'done',
    findings: [],
  })),
  next_cursor: next,
});

test('loads more on the page as it opens, and finds nothing only at the end of the list', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    const pages = { '': pageOf(['a'], 'after-a'), 'after-a': pageOf([], 'after-none'), 'after-none': pageOf(['b']) };
    const found = { '': pageOf([], 'after-a'), 'after-a': pageOf([]) };
    const page = await newPage('about:blank');
    await page.route('**/operator/tenants*', (route) => {
      const query = new URL(route.request().url()).searchParams;
      return route.fulfill({ json: (query.has('query') ? found : pages)[query.get('cursor') ?? ''] });
    });
    const more = page.getByRole('button', { name: '加载更多' });
    const nothing = page.getByText('没有符合条件的租户。');
    const pressMore = async () => {
      const answered = page.waitForResponse('**/operator/tenants*');
      await more.click();
      await answered;
    };

    await page.goto(address(server));
    await page.getByRole('link', { name: 'a', exact: true }).waitFor();
    await pressMore();
    await pressMore();
    await page.getByRole('link', { name: 'b', exact: true }).waitFor();
    await more.waitFor({ state: 'hidden' });
    assert.equal(await page.getByRole('listitem').count(), 2);

    await page.getByLabel('搜索').fill('b');
    await page.getByRole('button', { name: '查找' }).click();
    await more.waitFor();
    assert.equal(await nothing.count(), 0);
    await pressMore();
    await nothing.waitFor();
    await more.waitFor({ state: 'hidden' });
    await assertNoErrors(record);
  }));

test('shows the answer to the newest filter, whichever comes last', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    const page = await newPage('about:blank');
    await page.route('**/operator/tenants*', async (route) => {
      const isFirst = !route.request().url().includes('health');
      if (isFirst) await released;
      await route.fulfill({ json: pageOf([isFirst ? 'older' : 'newer']) });
    });
    await page.goto(address(server));
    await page.getByLabel('健康状况').selectOption({ label: '正常' });
    await page.getByRole('button', { name: '查找' }).click();
    const newer = page.getByRole('link', { name: 'newer' });
    await newer.waitFor();
    const late = page.waitForResponse(/\/operator\/tenants$/);
    release();
    await (await late).finished();
    // What the page makes of an answer is done before that of a later one.
    await page.evaluate(async () => (await fetch('assets/config.json')).text());
    assert.equal(await newer.count(), 1);
    assert.equal(await page.getByText('正在读取…').count(), 0);
    await assertNoErrors(record);
  }));

test("goes on with the operator's new token when the server was started again", () =>
  onStage(browser, async ({ server, record, newPage }) => {
    const page = await newPage('about:blank');
    const refusals = ['summary', 'tenants'].map((path) => page.waitForResponse(`**/operator/${path}`));
    const config = { mode: 'local', token: server.local.admin_token, operator_token: 'of-the-server-before' };
    let read = 0;
    await page.route('**/assets/config.json', async (route) => {
      read += 1;
      if (read === 1) return route.fulfill({ json: config });
      // Both calls need the new token.
      await Promise.all(refusals);
      return route.fallback();
    });
    await page.goto(address(server));
    await page.getByText('全部租户').waitFor();
    await page.getByText('没有符合条件的租户。').waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
    await assertNoErrors(record, 401);
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
