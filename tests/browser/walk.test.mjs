// The whole way as an admin goes it: the page in one tab, WeCom's own pages in others.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { appears, card, heading, PROMISE_MS, readValues, submitSecret } from './harness/admin.mjs';
import { assertNoErrors, openBrowser, openContext } from './harness/browser.mjs';
import { startServer, YUNFAN } from './harness/server.mjs';
import {
  confirmInstall,
  openConsole,
  openInstallPage,
  paste,
  readCorpId,
  readSecret,
  sendEvent,
} from './harness/wecom-pages.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([startServer(), openBrowser()]);
});
after(async () => {
  await Promise.all([browser?.close(), server?.stop()]);
});

test('an admin installs the app, connects both sides and finishes, and sees each thing that WeCom does within 3 s', async () => {
  const { context, record, newPage } = await openContext(browser, server);
  const page = await newPage();
  const secrets = [];

  // ① 安装应用
  await heading(page, '安装应用').waitFor();
  const installPage = await openInstallPage(page);
  await page.getByText('正在等待管理员扫码确认').waitFor();
  await page.reload();
  await page.getByText('正在等待管理员扫码确认').waitFor();
  const confirmedAt = Date.now();
  await confirmInstall(installPage, YUNFAN);
  await appears(card(page, '安装到企业微信').getByText('已安装', { exact: true }), { since: confirmedAt });
  await page.getByText(YUNFAN.name).first().waitFor();
  await heading(installPage, '安装应用').waitFor();
  assert.ok(!installPage.url().includes('installation='), 'the hint is taken out of the address');
  await installPage.close();
  await page.getByRole('link', { name: '下一步' }).click();

  // ② 通讯录授权, ③ 外部联系人授权
  const wecom = await openConsole(context, server);
  for (const [scope, title, kind] of [
    ['contacts', '通讯录授权', 'contacts'],
    ['external-contacts', '外部联系人授权', 'customer'],
  ]) {
    await page.bringToFront();
    await heading(page, title).waitFor();
    const secret = await readSecret(wecom, YUNFAN, kind);
    secrets.push(secret);
    // The 企业ID of the second step is known from the first.
    await submitSecret(page, scope, {
      corpId: scope === 'contacts' ? await readCorpId(wecom, YUNFAN) : undefined,
      secret,
    });
    const values = await readValues(page);
    await copiesAll(page, values);
    await page.reload();
    assert.deepEqual(await readValues(page), values, 'a reload keeps the values');

    await wecom.bringToFront();
    const { words, pressedAt } = await paste(wecom, YUNFAN, scope, values);
    assert.match(words, /保存成功/);
    await page.bringToFront();
    const seen = await appears(card(page, '回填到企业微信').getByText(/URL 已验证（/), { since: pressedAt });
    assert.ok(seen <= PROMISE_MS, `${seen} ms`);
    assert.equal(await page.getByText(values.token).count(), 0, 'hidden once they are verified');
    await page.getByRole('link', { name: '下一步' }).click();
  }

  // ④ 完成配置
  await heading(page, '完成配置').waitFor();
  await page.getByRole('button', { name: '完成配置' }).click();
  await heading(page, '概览').waitFor();
  await page.getByRole('heading', { name: '正常', exact: true }).waitFor();

  // An event of WeCom's, down the whole path.
  await wecom.bringToFront();
  await wecom.reload();
  await sendEvent(wecom, YUNFAN, 'external-contacts', 'change_external_contact/add_external_contact');
  await page.bringToFront();
  await page.getByRole('link', { name: '事件', exact: true }).click();
  await page.getByText('新增客户').first().waitFor();
  await page.reload();
  await page.getByText('新增客户').first().waitFor();

  await assertNoErrors(record);
  await assertNoSecrets(context, page, record, secrets);
  await context.close();
});

/** Each 复制, and 复制全部. */
async function copiesAll(page, { url, token, key }) {
  const pasted = () => page.evaluate(() => navigator.clipboard.readText());
  for (const [name, value] of [
    ['URL', url],
    ['Token', token],
    ['EncodingAESKey', key],
  ]) {
    await page.getByRole('button', { name: `复制 ${name}`, exact: true }).click();
    await page.getByRole('button', { name: `${name} 已复制`, exact: true }).waitFor();
    assert.equal(await pasted(), value);
  }
  await page.getByRole('button', { name: /^复制全部/ }).click();
  await page
    .getByRole('button', { name: /EncodingAESKey 已复制$/ })
    .nth(1)
    .waitFor();
  assert.equal(await pasted(), `URL: ${url}\nToken: ${token}\nEncodingAESKey: ${key}`);
}

/** After it was sent, a Secret is nowhere: not in the document, not in storage, not in an address or an answer, not in a log. */
async function assertNoSecrets(context, page, record, secrets) {
  const places = [
    ['the server’s log', server.log()],
    ['the audit', JSON.stringify(await server.api.audit())],
  ];
  for (const route of [
    'install',
    'contacts',
    'external-contacts',
    'finish',
    'overview',
    'events',
    'audit',
    'settings',
  ]) {
    await page.goto(`${server.url}#/${route}`);
    await page.locator('main h2').waitFor();
    places.push([
      `the document at ${route}`,
      await page.evaluate(
        () =>
          document.documentElement.outerHTML +
          [...document.querySelectorAll('input')].map((input) => input.value).join('\n'),
      ),
    ]);
  }
  places.push([
    'storage',
    await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])),
  ]);
  places.push(['the browser’s storage', JSON.stringify(await context.storageState())]);
  let sent = 0;
  for (const { url, method, body, answer } of await Promise.all(record.traffic)) {
    if (!url.startsWith(server.url)) continue;
    if (method === 'PUT' && url.endsWith('/secret')) sent += secrets.filter((secret) => body.includes(secret)).length;
    else places.push([`what was sent to ${url}`, body]);
    places.push([`the address ${url}`, url], [`the answer to ${method} ${url}`, answer]);
  }
  assert.equal(sent, secrets.length, 'each Secret was submitted once');
  for (const [place, text] of places)
    for (const secret of secrets) assert.ok(!text.includes(secret), `a Secret is in ${place}`);
}
