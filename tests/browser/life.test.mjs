// Life after the set-up: rotation, self-test, replay, audit, a Secret reset in WeCom, the app removed there, the end.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { appears, card, heading, readValues, submitSecret } from './harness/admin.mjs';
import { assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { complete, install, until, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';
import { confirmInstall, openConsole, openInstallPage, paste } from './harness/wecom-pages.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const onCompleted = (work) =>
  onStage(browser, async (stage) => {
    await complete(stage.server);
    await work(stage);
  });
const callbackCard = (page) => card(page, '回填到企业微信');
const ADD_CUSTOMER = 'change_external_contact/add_external_contact';
const CREATE_USER = 'change_contact/create_user';

/** Each of another member, so that none is taken for a repeat of the one before. */
const newMember = (number) =>
  `<xml><ToUserName>${YUNFAN.corpId}</ToUserName><FromUserName>sys</FromUserName><CreateTime>${Math.floor(Date.now() / 1000)}</CreateTime>` +
  `<MsgType>event</MsgType><Event>change_contact</Event><ChangeType>create_user</ChangeType><UserID>member-${number}</UserID></xml>`;

test('rotates Token and key while events arrive without pause, and loses none', () =>
  onCompleted(async ({ server, context, record, newPage }) => {
    let sent = 0;
    let rotating = true;
    const courier = (async () => {
      while (rotating) {
        const { deliveries } = await server.wecom.call('POST', `/corps/${YUNFAN.corpId}/events`, {
          scope: 'contacts',
          xml: newMember(sent),
        });
        assert.deepEqual(
          deliveries.map(({ outcome }) => outcome),
          ['accepted'],
        );
        sent += 1;
      }
    })();
    const page = await newPage(`${server.url}#/contacts`);
    const callback = callbackCard(page);
    await callback.getByRole('button', { name: '更换 Token / EncodingAESKey' }).click();
    const dialog = page.getByRole('dialog', { name: '更换 Token 和 EncodingAESKey？' });
    await dialog.getByText(/旧的值继续有效，不会丢失事件/).waitFor();
    await dialog.getByRole('button', { name: '生成新的值' }).click();
    await callback.getByText('更换中', { exact: true }).waitFor();
    const values = await readValues(page);
    await page.reload();
    assert.deepEqual(await readValues(page), values);
    const wecom = await openConsole(context, server);
    const { pressedAt } = await paste(wecom, YUNFAN, 'contacts', values);
    await page.bringToFront();
    await appears(callback.getByText('企业微信已切换到新的 Token 和 EncodingAESKey'), { since: pressedAt });
    rotating = false;
    await courier;
    assert.ok(sent > 10, `${sent} events were sent`);
    const counted = async () => (await server.api.state()).contacts.callback.events_received;
    assert.equal(await until('the events to be counted', async () => (await counted()) >= sent && counted()), sent);
    await assertNoErrors(record);
  }));

test('the self-test passes, sends an event down the whole path, and marks it as a test', () =>
  onCompleted(async ({ server, record, newPage }) => {
    const page = await newPage(`${server.url}#/contacts`);
    const callback = callbackCard(page);
    assert.equal(await callback.getByRole('button', { name: '发送测试事件' }).count(), 0);
    await callback.getByRole('button', { name: '自检' }).click();
    await callback.getByText('自检通过', { exact: true }).waitFor();
    await callback.getByText(/^\d+ 毫秒$/).waitFor();
    await callback.getByRole('button', { name: '发送测试事件' }).click();
    await callback.getByText('测试事件已收到', { exact: true }).waitFor();
    await callback.getByRole('link', { name: '查看事件' }).click();
    await heading(page, '事件').waitFor();
    const row = page.getByRole('listitem').filter({ hasText: 'wecom_authorization_test' });
    await row.getByText('测试事件', { exact: true }).waitFor();
    await row.getByText('测试', { exact: true }).waitFor();
    await assertNoErrors(record);
  }));

test('the self-test says what is wrong with a domain that leads nowhere, and never that all is well', () =>
  onCompleted(async ({ server, record, newPage }) => {
    await server.api.call('PUT', '/authorization/settings', {
      callback_base_url: 'https://wecom-callback.example.com',
    });
    const page = await newPage(`${server.url}#/contacts`);
    const callback = callbackCard(page);
    await callback.getByRole('button', { name: '自检' }).click();
    await callback.getByText(/域名还没有解析|地址没有应答/).waitFor();
    await callback.getByText('未通过', { exact: true }).waitFor();
    assert.equal(await callback.getByRole('button', { name: '发送测试事件' }).count(), 0);
    assert.equal(await callback.getByText('自检通过').count(), 0);
    await assertNoErrors(record);
  }));

test('lists an event once however often it is delivered, filters, and replays it after asking', () =>
  onCompleted(async ({ server, record, newPage }) => {
    await server.wecom.send(YUNFAN, 'external-contacts', ADD_CUSTOMER, { copies: 3, same_content: true });
    await server.wecom.send(YUNFAN, 'contacts', CREATE_USER);
    await until('the repeats to be counted', async () =>
      (await server.api.events()).events.some(({ duplicates }) => duplicates === 2),
    );
    const page = await newPage(`${server.url}#/events`);
    const rows = page.locator('.event');
    await page.locator('main').getByText('共 2 个。').waitFor();
    await page.getByLabel('来源').selectOption('external-contacts');
    await page.locator('main').getByText('共 1 个。').waitFor();
    await rows.getByText('新增客户').click();
    await rows.getByText('2 次，已剔除').waitFor();
    await page.getByLabel('时间').selectOption('hour');
    await page.getByLabel('类型').selectOption('change_external_chat');
    await page.getByText('没有符合条件的事件').waitFor();
    await page.getByLabel('类型').selectOption('change_external_contact');
    await rows.getByText('新增客户').click();
    await rows.getByRole('button', { name: '重新交付' }).click();
    const dialog = page.getByRole('dialog', { name: '重新交付“新增客户”？' });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal((await server.api.audit()).entries.filter(({ action }) => action === 'event_replayed').length, 0);
    await rows.getByRole('button', { name: '重新交付' }).click();
    await dialog.getByRole('button', { name: '重新交付' }).click();
    await rows.getByText(/已于 .+ 重新交付/).waitFor();
    assert.equal((await server.api.audit()).entries.filter(({ action }) => action === 'event_replayed').length, 1);
    await assertNoErrors(record);
  }));

test('the audit says who did what from where, goes back page by page, and is exported whole', () =>
  onCompleted(async ({ server, record, newPage }) => {
    const secret = await server.wecom.secret(YUNFAN, 'contacts');
    await server.api
      .putSecret('contacts', { secret: await server.wecom.secret(YUNFAN, 'external-contacts'), corp_id: YUNFAN.corpId })
      .catch(() => {});
    for (let turn = 0; turn < 50; turn += 1) await server.api.call('GET', '/authorization/contacts/credentials');
    const page = await newPage();
    await page.getByRole('link', { name: '操作日志', exact: true }).click();
    await heading(page, '操作日志').waitFor();
    const rows = page.locator('.audit');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 50);
    await rows.first().getByText('通讯录：查看 Token 和 EncodingAESKey').waitFor();
    await rows.first().getByText('admin@demo').waitFor();
    await rows.first().getByText('来自 127.0.0.1').waitFor();
    await page.getByRole('button', { name: '加载更多' }).click();
    await page
      .locator('main')
      .getByText(/^共 \d+ 条。$/)
      .waitFor();
    await rows.getByText('完成配置').waitFor();
    await rows
      .filter({ hasText: '未通过' })
      .getByText(/这不是通讯录Secret （?\(?wrong_secret_kind/)
      .waitFor();
    await rows.filter({ hasText: '企业微信验证 URL' }).first().getByText('企业微信', { exact: true }).waitFor();
    const all = await rows.count();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: '导出' }).click();
    const download = await downloading;
    assert.match(download.suggestedFilename(), /^wecom-authorization-audit-\d{4}-\d\d-\d\d\.jsonl$/);
    const text = await readFile(await download.path(), 'utf8');
    const entries = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(entries.length, all);
    assert.equal(new Set(entries.map(({ entry_id: id }) => id)).size, all);
    assert.ok(!text.includes(secret));
    await assertNoErrors(record);
  }));

test('a Secret that was reset in WeCom is said to be broken on every view, with what does not work, and recovers', () =>
  onCompleted(async ({ server, record, newPage }) => {
    await server.wecom.resetSecret(YUNFAN, 'external-contacts');
    await fetch(`${server.local.base_url}/2015-03-31/functions/issue-access-token/invocations`, {
      method: 'POST',
      body: JSON.stringify({ tenant_id: 'demo', kind: 'external_contacts' }),
    });
    const page = await newPage();
    await page.getByRole('heading', { name: '异常', exact: true }).waitFor();
    await page.getByText('外部联系人：Secret 已失效').first().waitFor();
    await page.getByText('读取客户和客户群').first().waitFor();
    await page.getByRole('link', { name: '事件', exact: true }).click();
    await page.getByText('企业微信授权异常：外部联系人：Secret 已失效').waitFor();
    await page.getByRole('link', { name: '立即处理' }).click();
    await heading(page, '外部联系人授权').waitFor();
    assert.equal(await page.getByText('企业微信授权异常').count(), 0, 'not where it is being put right');
    await submitSecret(page, 'external-contacts', { secret: await server.wecom.secret(YUNFAN, 'external-contacts') });
    await card(page, '校验客户Secret').getByText('有效', { exact: true }).waitFor();
    await page.getByRole('link', { name: '概览', exact: true }).click();
    await page.getByRole('heading', { name: '正常', exact: true }).waitFor();
    await assertNoErrors(record);
  }));

test('an app removed in WeCom is shown as cancelled, and it can be installed again', () =>
  onCompleted(async ({ server, record, newPage }) => {
    const page = await newPage();
    await page.getByRole('heading', { name: '正常', exact: true }).waitFor();
    await server.wecom.suiteEvent(YUNFAN, 'cancel_auth');
    await until('the cancellation', async () => (await server.api.state()).installation.status === 'cancelled');
    await page.getByRole('button', { name: '刷新状态' }).click();
    await page.getByText('应用授权已取消').first().waitFor();
    await page.getByRole('link', { name: '立即处理' }).first().click();
    await card(page, '安装到企业微信').getByText('已取消授权', { exact: true }).first().waitFor();
    const installPage = await openInstallPage(page);
    await confirmInstall(installPage, YUNFAN);
    await appears(card(page, '安装到企业微信').getByText('已安装', { exact: true }));
    // Nothing is entered again.
    assert.equal((await server.api.state()).next_step, 'done');
    await assertNoErrors(record);
  }));

test('disconnects only when the corporation’s name is typed, destroys what there was, and can be set up again', () =>
  onCompleted(async ({ server, record, newPage }) => {
    const { contacts } = await server.api.state();
    const page = await newPage(`${server.url}#/contacts`);
    await page.getByRole('button', { name: '更换 Secret' }).click();
    await page.getByLabel('企业ID', { exact: true }).fill('ww-half-typed');
    await page.getByRole('link', { name: '设置', exact: true }).click();
    await page.getByRole('button', { name: '断开连接…' }).click();
    const dialog = page.getByRole('dialog', { name: `断开与“${YUNFAN.name}”的连接？` });
    await dialog.getByText(/全部销毁，不可恢复/).waitFor();
    await dialog.getByText(/请同时在企业微信中删除本应用/).waitFor();
    const name = dialog.getByLabel(/请输入企业名称/);
    await name.fill('云帆');
    await page.keyboard.press('Enter');
    await dialog.getByText('与企业名称不一致，请核对后重新输入。').waitFor();
    assert.equal((await server.api.state()).installation.status, 'installed');
    await name.fill(YUNFAN.name);
    await dialog.getByRole('button', { name: '断开连接' }).click();
    await heading(page, '安装应用').waitFor();
    await page.getByText(`已断开与“${YUNFAN.name}”的连接`).waitFor();
    await page.getByText(/请同时在企业微信中删除本应用/).waitFor();
    const state = await server.api.state();
    assert.deepEqual(
      [state.installation.status, state.contacts.secret.status, state.contacts.callback.status, state.completed_at],
      ['not_installed', 'missing', 'none', null],
    );
    await until(
      'the callback to be gone',
      async () => (await fetch(`${contacts.callback.url}?echostr=x`)).status === 404,
    );
    assert.equal(
      await page.evaluate(() => Object.values(sessionStorage).join()).then((kept) => kept.includes('half-typed')),
      false,
    );
    await page.reload();
    await page.getByText(`已断开与“${YUNFAN.name}”的连接`).waitFor();
    const installPage = await openInstallPage(page);
    await confirmInstall(installPage, YUNFAN);
    await appears(card(page, '安装到企业微信').getByText('已安装', { exact: true }));
    assert.equal(await page.getByText('已断开与').count(), 0);
    await assertNoErrors(record);
  }));

test('says that the connection is lost, keeps what was typed, and recovers by itself', () =>
  onStage(browser, async ({ server, context, record, newPage }) => {
    await install(server);
    const page = await newPage();
    await heading(page, '通讯录授权').waitFor();
    await page.getByLabel('企业ID', { exact: true }).fill('ww-typed-before');
    await context.setOffline(true);
    await page.getByRole('button', { name: '刷新状态' }).click();
    await page.getByText('暂时连不上服务器，正在自动重试').waitFor();
    await context.setOffline(false);
    await page.getByText('暂时连不上服务器，正在自动重试').waitFor({ state: 'detached' });
    assert.equal(await page.getByLabel('企业ID', { exact: true }).inputValue(), 'ww-typed-before');
    assert.deepEqual(
      record.errors.filter((text) => !text.includes('ERR_INTERNET_DISCONNECTED')),
      [],
    );
  }));

test('says that the sign-in has ended, and a reload puts it right', () =>
  onStage(browser, async ({ record, newPage }) => {
    const page = await newPage();
    await heading(page, '安装应用').waitFor();
    let refused = false;
    await page.route('**/authorization', async (route) => {
      if (refused) return route.fallback();
      refused = true;
      return route.fulfill({
        status: 401,
        contentType: 'application/problem+json',
        body: '{"code":"unauthenticated"}',
      });
    });
    await page.getByRole('button', { name: '刷新状态' }).click();
    await page.getByText('登录已过期').waitFor();
    await page.reload();
    await heading(page, '安装应用').waitFor();
    assert.equal(await page.getByText('登录已过期').count(), 0);
    await assertNoErrors(record, 401);
  }));

test('events are stored for the days that the admin chose, and as long as the platform stores them again', () =>
  onCompleted(async ({ server, record, newPage }) => {
    const page = await newPage(`${server.url}#/settings`);
    const form = page.getByRole('region', { name: '事件保存时间' });
    await form.getByText('按平台的时间保存：30 天。').waitFor();
    const days = form.getByRole('textbox');
    for (const typed of ['', '0', '31', '1.5', '七']) {
      await days.fill(typed);
      await form.getByRole('button', { name: '保存' }).click();
      await form.getByText('请填写 1 至 30 的整数').waitFor();
    }
    await days.fill('7');
    await form.getByRole('button', { name: '保存' }).click();
    await form.getByText('保存 7 天。').waitFor();
    await form.getByText('已保存事件保存时间').waitFor();
    assert.equal((await server.api.call('GET', '/authorization')).settings.event_retention_days, 7);
    await form.getByRole('button', { name: '恢复为平台的时间' }).click();
    await form.getByText('按平台的时间保存：30 天。').waitFor();
    assert.equal((await server.api.call('GET', '/authorization')).settings.event_retention_days, undefined);
    await assertNoErrors(record);
  }));

test('finds a person’s events, shows what they say when asked, and deletes them', () =>
  onCompleted(async ({ server, record, newPage }) => {
    for (const number of [1, 2])
      await server.wecom.call('POST', `/corps/${YUNFAN.corpId}/events`, { scope: 'contacts', xml: newMember(number) });
    const page = await newPage(`${server.url}#/events`);
    const part = card(page, '个人信息');
    await part.getByLabel('对象').selectOption({ label: '成员' });
    await part.getByRole('button', { name: '查找' }).click();
    await part.getByText('请填写编号。').waitFor();
    await part.getByLabel('编号').fill('Member-1');
    await page.keyboard.press('Enter');
    const found = part.getByRole('listitem').filter({ hasText: '新增成员' });
    await found.locator('summary').first().click();
    await found.getByText('事件编号').waitFor();
    assert.equal(await found.getByText('事件内容').count(), 0);
    await part.getByRole('button', { name: '显示事件内容' }).click();
    await found.getByText('事件内容').waitFor();
    await inspect(page, 'events-person');

    await part.getByRole('button', { name: '删除此人的事件' }).click();
    await page
      .getByRole('dialog', { name: '删除与 Member-1 有关的全部事件？' })
      .getByRole('button', { name: '删除此人的事件' })
      .click();
    await part.getByRole('alert').getByText('已删除 1 个事件。').waitFor();
    await part.getByLabel('编号').fill('member-1');
    await part.getByRole('button', { name: '查找' }).click();
    await part.getByText('没有与此人有关的事件').waitFor();
    const events = (await server.api.events()).events.filter(({ change_type: change }) => change === 'create_user');
    assert.deepEqual(
      events.map(({ payload }) => payload.UserID),
      ['member-2'],
    );
    const { entries } = await server.api.call('GET', '/authorization/audit');
    assert.deepEqual(
      entries.slice(0, 2).map(({ action }) => action),
      ['person_deleted', 'person_viewed'],
    );
    await assertNoErrors(record);
  }));

test('a search for a rare event goes on by itself, and says how far it is', () =>
  onCompleted(async ({ record, newPage, server }) => {
    const page = await newPage(`${server.url}#/events`);
    const times = ['2026-11-20T08:00:00Z', '2026-11-10T08:00:00Z', null];
    let asked = 0;
    const gates = times.map(() => {
      /** @type {() => void} */
      let open = () => {};
      const opened = new Promise((resolve) => {
        open = () => resolve(null);
      });
      return { opened, open };
    });
    // The local server has few events, and finds all of them at once.
    await page.route(/\/authorization\/events\?.*event=change_external_tag/, async (route) => {
      const [searchedTo, gate] = [times[asked], gates[asked]];
      asked += 1;
      await gate.opened;
      await route.fulfill({
        json: { events: [], next_cursor: searchedTo && `after-${asked}`, searched_to: searchedTo },
      });
    });
    const events = card(page, '收到的事件');
    await events.getByLabel('类型').selectOption({ value: 'change_external_tag' });
    await until('the first request', () => asked === 1);
    gates[0].open();
    await events.getByText('已查到 11月20日').waitFor();
    await until('the second request', () => asked === 2);
    gates[1].open();
    await events.getByText('已查到 11月10日').waitFor();
    await until('the third request', () => asked === 3);
    gates[2].open();
    await events.getByText('没有符合条件的事件').waitFor();
    assert.equal(await events.getByText('已查到').count(), 0);
    await assertNoErrors(record);
  }));
