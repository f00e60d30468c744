// What is said in answer to a press of a button stays exactly as long as it is true: through a switch of language, and not
// beside the answer to the next press.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { card, heading, submitSecret } from './harness/admin.mjs';
import { assertNoErrors, openBrowser } from './harness/browser.mjs';
import { install, register, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const speak = (page, name) => page.getByRole('button', { name, exact: true }).click();

test('a switch of language keeps the answer to a Secret, in the words of that language', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    const secret = await server.wecom.secret(YUNFAN, 'external-contacts');
    await submitSecret(page, 'contacts', { corpId: YUNFAN.corpId, secret });
    await page.getByText('这看起来是客户Secret，或自建应用Secret', { exact: true }).waitFor();
    await speak(page, 'EN');
    const form = card(page, 'Check the contacts Secret');
    await form.getByRole('alert').getByText('wrong_secret_kind').waitFor();
    await form.getByText('This looks like the customer Secret, or a self-built app’s', { exact: true }).waitFor();
    assert.equal(await form.locator('.check-bad').count(), 1, 'and how far WeCom’s check came');
    await speak(page, '中文');
    await page.getByText('这看起来是客户Secret，或自建应用Secret', { exact: true }).waitFor();
    await assertNoErrors(record, 422);
  }));

test('a switch of language keeps the result of a self-test and an unfolded question', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    await register(server, 'contacts');
    const page = await newPage(`${server.url}#/contacts`);
    await page.getByRole('button', { name: '自检' }).click();
    await page.getByText('自检通过', { exact: true }).waitFor();
    await page.getByText('企业微信提示“echostr校验失败”').click();
    await speak(page, 'EN');
    await page.getByText('Self-test passed', { exact: true }).waitFor();
    assert.equal(await page.locator('.card .question[open]').count(), 1);
    await assertNoErrors(record);
  }));

test('the answer to a Secret goes when the next try ends at another field', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    await submitSecret(page, 'contacts', { corpId: YUNFAN.corpId, secret: 'x'.repeat(43) });
    const form = card(page, '校验通讯录Secret');
    await form.getByRole('alert').waitFor();
    await form.getByLabel('企业ID', { exact: true }).fill('');
    await form.getByRole('button', { name: '校验并保存' }).click();
    await form.getByText('请填写企业ID。').waitFor();
    assert.equal(await form.getByRole('alert').count(), 0);
    assert.equal(await form.locator('input[name="secret"]').getAttribute('aria-invalid'), null);
    await assertNoErrors(record, 422);
  }));

test('a fault of a field goes when it is typed in, and stays while another is', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    await heading(page, '通讯录授权').waitFor();
    const form = card(page, '校验通讯录Secret');
    await form.getByRole('button', { name: '校验并保存' }).click();
    await form.getByText('请填写企业ID。').waitFor();
    await form.getByLabel('通讯录Secret', { exact: true }).fill('x');
    await form.getByText('请填写企业ID。').waitFor();
    await form.getByLabel('企业ID', { exact: true }).fill('w');
    await form.getByText('请填写企业ID。').waitFor({ state: 'hidden' });
    await assertNoErrors(record);
  }));
