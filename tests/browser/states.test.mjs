// Every state of the page, as it looks: held to axe-core in both colour schemes, to both widths, and kept as pictures.

import { after, before, test } from 'node:test';

import { card, goTo, heading, readValues, submitSecret } from './harness/admin.mjs';
import { assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { complete, connect, install, QINGSHAN, register, until, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';
import { confirmInstall, openInstallPage } from './harness/wecom-pages.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const callbackCard = (page) => card(page, '回填到企业微信');
const installCard = (page) => card(page, '安装到企业微信');
const refresh = (page) => page.getByRole('button', { name: '刷新状态' }).click();

test('the first step', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    const page = await newPage();
    await heading(page, '安装应用').waitFor();
    await inspect(page, 'install-fresh');
    const failing = await openInstallPage(page);
    await page.bringToFront();
    await page.getByText(/安装链接还有/).waitFor();
    await inspect(page, 'install-waiting');
    await page.goto(`${server.url}?installation=failed&code=install_link_expired`);
    await page.getByText('本次安装没有完成').waitFor();
    await inspect(page, 'install-failed');
    await failing.close();
    await page.goto(`${server.url}#/contacts`);
    await page.getByText('还没有安装应用').waitFor();
    await inspect(page, 'contacts-not-installed');
    await goTo(page, 'install');
    const member = await openInstallPage(page);
    await confirmInstall(member, YUNFAN, { mode: '成员授权' });
    await member.close();
    await installCard(page).getByText('需管理员安装', { exact: true }).waitFor();
    await inspect(page, 'install-member');
    const admin = await openInstallPage(page);
    await confirmInstall(admin, YUNFAN);
    await admin.close();
    await installCard(page).getByText('已安装', { exact: true }).waitFor();
    await inspect(page, 'install-installed');
    await assertNoErrors(record);
  }));

test('the Secrets and what is pasted', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    await heading(page, '通讯录授权').waitFor();
    await inspect(page, 'contacts-form');
    await submitSecret(page, 'contacts', {
      corpId: YUNFAN.corpId,
      secret: await server.wecom.secret(YUNFAN, 'external-contacts'),
    });
    await page.getByText('这看起来是客户Secret，或自建应用Secret').waitFor();
    await inspect(page, 'contacts-wrong-kind');
    await submitSecret(page, 'contacts', { secret: await server.wecom.secret(YUNFAN, 'contacts') });
    const values = await readValues(page);
    await inspect(page, 'contacts-waiting');
    await server.wecom.save(YUNFAN, 'contacts', {
      url: values.url,
      token: `${values.token.slice(0, -1)}${values.token.endsWith('a') ? 'b' : 'a'}`,
      encoding_aes_key: values.key,
    });
    await page.getByText('收到企业微信的请求，但 Token 不一致').first().waitFor();
    await callbackCard(page).getByRole('button', { name: '自检' }).click();
    await page.getByText('自检通过').waitFor();
    await inspect(page, 'contacts-refused-and-tested');
    await server.wecom.save(YUNFAN, 'contacts', { url: values.url, token: values.token, encoding_aes_key: values.key });
    await page.getByText(/URL 已验证（/).waitFor();
    await inspect(page, 'contacts-verified');
    await goTo(page, 'external-contacts');
    await page.getByRole('radio', { name: /自建应用Secret/ }).check();
    await card(page, '校验客户Secret').getByLabel('自建应用Secret', { exact: true }).waitFor();
    await inspect(page, 'external-contacts-app');
    await page.getByRole('button', { name: /稍后回填/ }).click();
    await page.getByRole('dialog').waitFor();
    await inspect(page, 'external-contacts-later', { full: false });
    await page.getByRole('dialog').getByRole('button', { name: '稍后处理' }).click();
    await heading(page, '完成配置').waitFor();
    await page.getByRole('button', { name: '完成配置' }).click();
    await page.getByText('还有步骤没有完成').waitFor();
    await inspect(page, 'finish-missing');
    await server.wecom.switches(YUNFAN, { apps_ip_untrusted: true });
    await connect(server, 'external-contacts');
    await refresh(page);
    await page.getByText('可以完成').waitFor();
    await page.getByText('还有步骤没有完成').waitFor({ state: 'detached' });
    await inspect(page, 'finish-ready', { full: false });
    await page.getByRole('button', { name: '完成配置' }).click();
    await page.getByRole('heading', { name: '需处理', exact: true }).waitFor();
    await inspect(page, 'overview-attention');
    await assertNoErrors(record, 409, 422);
  }));

test('life after it', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await complete(server);
    const page = await newPage();
    await goTo(page, 'events');
    await page.getByText('还没有事件').waitFor();
    await inspect(page, 'events-none', { full: false });
    await server.wecom.send(YUNFAN, 'external-contacts', 'change_external_contact/add_external_contact', {
      copies: 2,
      same_content: true,
    });
    await server.wecom.send(YUNFAN, 'external-contacts', 'change_external_chat/create');
    for (const event of ['create_user', 'update_user', 'delete_party'])
      await server.wecom.send(YUNFAN, 'contacts', `change_contact/${event}`);
    await server.api.call('POST', '/authorization/contacts/test', { send_event: true });
    await until(
      'the events to be counted',
      async () => (await server.api.state()).external_contacts.callback.duplicates === 1,
    );
    await goTo(page, 'overview');
    await page.getByRole('heading', { name: '正常', exact: true }).waitFor();
    await refresh(page);
    await page.getByText('重复已剔除').waitFor();
    await inspect(page, 'overview');
    await goTo(page, 'events');
    await page.locator('.event').getByText('新增客户').click();
    await page.locator('.event[open] .payload summary').click();
    await inspect(page, 'events');
    await page.locator('.event[open]').getByRole('button', { name: '重新交付' }).click();
    await page.getByRole('dialog').waitFor();
    await inspect(page, 'events-replay', { full: false });
    await page.getByRole('dialog').getByRole('button', { name: '重新交付' }).click();
    await page.getByText(/已于 .+ 重新交付/).waitFor();

    await goTo(page, 'contacts');
    await page.getByRole('button', { name: '更换 Token / EncodingAESKey' }).click();
    await page.getByRole('dialog').waitFor();
    await inspect(page, 'rotation-dialog', { full: false });
    await page.getByRole('dialog').getByRole('button', { name: '生成新的值' }).click();
    const { url, token, key } = await readValues(page);
    await inspect(page, 'rotation-waiting');
    await server.wecom.save(YUNFAN, 'contacts', { url, token, encoding_aes_key: key });
    await page.getByText('企业微信已切换到新的 Token 和 EncodingAESKey').first().waitFor();
    await inspect(page, 'rotation-done');

    await server.api.putSecret('contacts', { secret: 'x'.repeat(43), corp_id: YUNFAN.corpId }).catch(() => {});
    await goTo(page, 'audit');
    await page.locator('.audit').first().waitFor();
    await inspect(page, 'audit');
    await server.wecom.resetSecret(YUNFAN, 'external-contacts');
    await fetch(`${server.local.base_url}/2015-03-31/functions/issue-access-token/invocations`, {
      method: 'POST',
      body: JSON.stringify({ tenant_id: 'demo', kind: 'external_contacts' }),
    });
    await goTo(page, 'settings');
    await refresh(page);
    await page.getByText('企业微信授权异常：').waitFor();
    await inspect(page, 'settings-broken');
    await goTo(page, 'overview');
    await page.getByRole('heading', { name: '异常', exact: true }).waitFor();
    await inspect(page, 'overview-broken');
    await goTo(page, 'external-contacts');
    await page.getByText('Secret 已失效').first().waitFor();
    await inspect(page, 'external-contacts-rejected');

    await goTo(page, 'settings');
    await page.getByRole('button', { name: '断开连接…' }).click();
    await page.keyboard.press('Enter');
    await page.getByText('与企业名称不一致').waitFor();
    await inspect(page, 'disconnect-dialog');
    await page.getByLabel(/请输入企业名称/).fill(YUNFAN.name);
    await page.keyboard.press('Enter');
    await page.getByText(/已断开与/).waitFor();
    await inspect(page, 'disconnected');
    await assertNoErrors(record);
  }));

test('the end that WeCom brings, and no connection', () =>
  onStage(browser, async ({ server, context, record, newPage }) => {
    await complete(server, QINGSHAN);
    await server.wecom.suiteEvent(QINGSHAN, 'cancel_auth');
    await until('the cancellation', async () => (await server.api.state()).installation.status === 'cancelled');
    const page = await newPage(`${server.url}#/install`);
    await installCard(page).getByText('已取消授权', { exact: true }).first().waitFor();
    await inspect(page, 'install-cancelled');
    await context.setOffline(true);
    await refresh(page);
    await page.getByText('暂时连不上服务器').waitFor();
    await inspect(page, 'connection-lost', { full: false });
    await context.setOffline(false);
    await page.route('**/config.json', (route) => route.fulfill({ json: { mode: 'local' } }));
    await page.goto(server.url);
    await page.reload();
    await page.getByRole('heading', { name: '请先登录' }).waitFor();
    await inspect(page, 'sign-in', { full: false });
    await assertNoErrors({ errors: record.errors.filter((text) => !text.includes('ERR_INTERNET_DISCONNECTED')) });
  }));

test('in English', () =>
  onStage(
    browser,
    async ({ server, record, newPage }) => {
      const page = await newPage();
      await heading(page, 'Install the app').waitFor();
      await inspect(page, 'en-install', { full: false });
      await install(server);
      await register(server, 'contacts');
      await goTo(page, 'contacts');
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByRole('button', { name: 'Self-test' }).click();
      await page.getByText('Self-test passed').waitFor();
      await inspect(page, 'en-contacts-waiting', { full: false });
      await connect(server, 'contacts');
      await connect(server, 'external-contacts');
      await server.api.complete();
      await page.getByRole('button', { name: 'Refresh' }).click();
      for (const [route, title] of [
        ['overview', 'Overview'],
        ['audit', 'Activity log'],
        ['settings', 'Settings'],
      ]) {
        await goTo(page, route);
        await heading(page, title).waitFor();
        await inspect(page, `en-${route}`, { full: false });
      }
      await page.getByRole('button', { name: 'Disconnect…' }).click();
      await page.getByRole('dialog').waitFor();
      await inspect(page, 'en-disconnect-dialog', { full: false });
      await assertNoErrors(record);
    },
    { locale: 'en-GB' },
  ));
