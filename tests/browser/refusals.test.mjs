// What goes wrong at the admin's desk, each with its own words: the wrong Secret, the wrong corporation, values pasted wrong.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { appears, card, goTo, heading, PROMISE_MS, readValues, submitSecret } from './harness/admin.mjs';
import { assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { install, QINGSHAN, register, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';
import { openConsole, paste } from './harness/wecom-pages.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const withPage = (work) => onStage(browser, work);

/** The same, but for its first character. */
const mistyped = (text) => `${text[0] === 'a' ? 'b' : 'a'}${text.slice(1)}`;
const secretCard = (page, scope) => card(page, scope === 'contacts' ? '校验通讯录Secret' : '校验客户Secret');

test('says which Secret was pasted, in either order, and which corporation’s', () =>
  withPage(async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    const own = (kind) => server.wecom.secret(YUNFAN, kind);
    const attempts = [
      [
        'contacts',
        YUNFAN.corpId,
        await own('external-contacts'),
        '这看起来是客户Secret，或自建应用Secret',
        'wrong_secret_kind',
        '请把它填到第 3 步',
      ],
      [
        'contacts',
        YUNFAN.corpId,
        await own('other-app'),
        '这看起来是其他应用的 Secret',
        'wrong_secret_kind',
        '请改用通讯录同步中的 Secret',
      ],
      [
        'contacts',
        QINGSHAN.corpId,
        await server.wecom.secret(QINGSHAN, 'contacts'),
        '企业ID 或 Secret 属于另一家企业',
        'corp_mismatch',
        '请登录第 1 步那家企业的后台',
      ],
      [
        'external-contacts',
        YUNFAN.corpId,
        await own('contacts'),
        '这看起来是通讯录Secret',
        'wrong_secret_kind',
        '请把它填到第 2 步',
      ],
      [
        'external-contacts',
        YUNFAN.corpId,
        await own('other-app'),
        '这看起来是其他应用的 Secret',
        'wrong_secret_kind',
        '自建应用要先勾选到“可调用接口的应用”',
      ],
    ];
    for (const [scope, corpId, secret, words, code, action] of attempts) {
      await goTo(page, scope);
      await submitSecret(page, scope, { corpId, secret });
      const refusal = secretCard(page, scope).getByRole('alert');
      await refusal.getByText(words, { exact: true }).waitFor();
      await refusal.getByText(code).waitFor();
      await refusal.getByText(action).waitFor();
      for (const part of ['原因', '怎么办', '在哪里']) await refusal.getByText(part, { exact: true }).waitFor();
      const input = secretCard(page, scope).locator('input[name="secret"]');
      assert.equal(await input.inputValue(), '', 'a refused Secret is not kept in the field');
      assert.equal((await server.api.state())[scope.replace('-', '_')].secret.status, 'missing');
    }
    await assertNoErrors(record, 409, 422);
  }));

test('tells a mistyped Secret from a mistyped 企业ID, and puts the focus there', () =>
  withPage(async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    await submitSecret(page, 'contacts', { corpId: YUNFAN.corpId, secret: 'x'.repeat(43) });
    await page.getByText('通讯录Secret 不正确，或已被重置', { exact: true }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.name), 'secret');
    await submitSecret(page, 'contacts', {
      corpId: 'ww0000000000000000',
      secret: await server.wecom.secret(YUNFAN, 'contacts'),
    });
    await page.getByText('企业ID 不正确', { exact: true }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.name), 'corp_id');
    // WeCom has not looked at the Secret: only the 企业ID is typed again.
    await page.getByLabel('企业ID', { exact: true }).fill(YUNFAN.corpId);
    await page.getByRole('button', { name: '校验并保存' }).click();
    await readValues(page);
    await assertNoErrors(record, 422);
  }));

test('sends nothing that it can see is wrong', () =>
  withPage(async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    const form = secretCard(page, 'contacts');
    await heading(page, '通讯录授权').waitFor();
    const submit = () => form.getByRole('button', { name: '校验并保存' }).click();
    await submit();
    await form.getByText('请填写企业ID。').waitFor();
    await form.getByLabel('企业ID', { exact: true }).fill(` ${YUNFAN.corpId} `);
    await submit();
    await form.getByText('请填写 Secret。').waitFor();
    await form.getByLabel('通讯录Secret', { exact: true }).fill('two words');
    await submit();
    await form.getByText(/中间有空格或换行/).waitFor();
    assert.equal((await Promise.all(record.traffic)).filter(({ method }) => method === 'PUT').length, 0);
    await assertNoErrors(record);
  }));

test('takes a Secret from an address that WeCom does not trust, and explains it', () =>
  withPage(async ({ server, record, newPage }) => {
    await install(server);
    await server.wecom.switches(YUNFAN, { contacts_ip_untrusted: true });
    const page = await newPage();
    await submitSecret(page, 'contacts', {
      corpId: YUNFAN.corpId,
      secret: await server.wecom.secret(YUNFAN, 'contacts'),
    });
    await secretCard(page, 'contacts').getByText('有效，地址未放行').first().waitFor();
    await readValues(page);
    await assertNoErrors(record);
  }));

test('stops trying before WeCom bans it, and says until when', () =>
  withPage(async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await submitSecret(page, 'contacts', { corpId: YUNFAN.corpId, secret: `wrong-${attempt}-${'x'.repeat(30)}` });
      if (await page.getByText('校验已暂停', { exact: true }).isVisible()) break;
    }
    await page.getByText('校验已暂停', { exact: true }).waitFor();
    await page.getByText(/可在 .+ 之后再试/).waitFor();
    const paused = page.getByRole('button', { name: /^\d+:\d\d 后可再试$/ });
    assert.equal(await paused.getAttribute('aria-disabled'), 'true');
    const shown = await paused.innerText();
    await page.waitForFunction((before) => !document.body.innerText.includes(before), shown);
    const input = page.getByLabel('通讯录Secret', { exact: true });
    const kept = await input.inputValue();
    assert.match(kept, /^wrong-\d+-x+$/, 'what was typed is kept');
    const tries = (await server.api.audit()).entries.length;
    await paused.click({ force: true });
    assert.equal((await server.api.audit()).entries.length, tries, 'a press sends nothing');
    assert.equal(await input.inputValue(), kept);
    await assertNoErrors(record, 422, 429);
  }));

test('a Secret can be looked at while it is typed, and is hidden again', () =>
  withPage(async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    const input = page.getByLabel('通讯录Secret', { exact: true });
    await input.fill('half typed');
    assert.equal(await input.getAttribute('type'), 'password');
    const look = page.getByRole('button', { name: '显示输入的 Secret' });
    await look.click();
    assert.equal(await input.getAttribute('type'), 'text');
    assert.equal(await input.inputValue(), 'half typed');
    await look.click();
    assert.equal(await input.getAttribute('type'), 'password');
    await assertNoErrors(record);
  }));

test('shows within 3 s that a check was refused, and why; and turns green once it is put right', () =>
  withPage(async ({ server, context, record, newPage }) => {
    await install(server);
    await register(server, 'contacts');
    const { credentials: other } = await register(server, 'external-contacts');
    const page = await newPage(`${server.url}#/contacts`);
    const values = await readValues(page);
    const wecom = await openConsole(context, server);
    const callback = card(page, '回填到企业微信');
    const wrong = [
      ['a Token mistyped', YUNFAN, { ...values, token: mistyped(values.token) }, '收到企业微信的请求，但 Token 不一致'],
      [
        'a key that is another’s',
        YUNFAN,
        { ...values, key: mistyped(values.key) },
        '收到企业微信的请求，但 EncodingAESKey 不一致',
      ],
      [
        'the other step’s Token and key',
        YUNFAN,
        { ...values, token: other.token, key: other.encoding_aes_key },
        '收到企业微信的请求，但 Token 不一致',
      ],
      ['another corporation’s console', QINGSHAN, values, '收到请求，但来自另一家企业'],
    ];
    for (const [what, corp, pasted, words] of wrong) {
      await wecom.bringToFront();
      const { words: said, pressedAt } = await paste(wecom, corp, 'contacts', pasted);
      assert.doesNotMatch(said, /保存成功/, what);
      await page.bringToFront();
      const seen = await appears(callback.locator('.message').getByText(words), { since: pressedAt });
      assert.ok(seen <= PROMISE_MS, `${what}: ${seen} ms`);
      await callback.getByText('请求被拒').waitFor();
      await page.reload();
      await callback.locator('.message').getByText(words).waitFor();
      if (corp === QINGSHAN) await callback.getByText(QINGSHAN.corpId, { exact: true }).waitFor();
    }
    await wecom.bringToFront();
    const { pressedAt } = await paste(wecom, YUNFAN, 'contacts', values);
    await page.bringToFront();
    await appears(callback.getByText(/URL 已验证（/), { since: pressedAt });
    assert.equal(await callback.getByText('请求被拒').count(), 0);
    await assertNoErrors(record);
  }));

test('says that a callback’s address opened in a browser works and is not for people', () =>
  withPage(async ({ server, context, record, newPage }) => {
    await install(server);
    const { credentials } = await register(server, 'contacts');
    const page = await newPage(`${server.url}#/contacts`);
    await readValues(page);
    const curious = await context.newPage();
    await curious.goto(credentials.url);
    await page.bringToFront();
    await appears(page.getByText('有人在浏览器中打开了回调地址'));
    // The refusal itself, and the icon that a browser asks for beside any document.
    await assertNoErrors(record, 400, 404);
  }));

test('goes on to show what WeCom did after somebody has opened the address in a browser, and lists both', () =>
  withPage(async ({ server, context, record, newPage }) => {
    await install(server);
    const { credentials } = await register(server, 'contacts');
    const page = await newPage(`${server.url}#/contacts`);
    await readValues(page);
    const callback = card(page, '回填到企业微信');
    await server.wecom.save(YUNFAN, 'contacts', { ...credentials, token: mistyped(credentials.token) });
    await server.wecom.save(YUNFAN, 'contacts', { ...credentials, url: credentials.url.slice(0, -3) });
    const curious = await context.newPage();
    for (const _ of [1, 2, 3]) await curious.goto(credentials.url);
    await page.bringToFront();
    await appears(callback.getByText('收到企业微信的请求，但 URL 不完整').first());
    await callback.getByText('请求被拒').waitFor();
    await callback.getByText('被拒绝的请求 (3)').click();
    const rows = callback.locator('.refusals li');
    assert.equal(await rows.count(), 3);
    for (const [row, words] of [
      [0, '有人在浏览器中打开了回调地址'],
      [1, '收到企业微信的请求，但 URL 不完整'],
      [2, '收到企业微信的请求，但 Token 不一致'],
    ])
      assert.match(await rows.nth(row).textContent(), new RegExp(`${words}来自 127\\.0\\.0\\.1\\d+ 次`));
    await inspect(page, 'contacts-refusals');
    await page.locator('[data-language="en"]').click();
    await page.getByText('Refused requests (3)').waitFor();
    await inspect(page, 'contacts-refusals-en');
    await assertNoErrors(record, 400, 404);
  }));
