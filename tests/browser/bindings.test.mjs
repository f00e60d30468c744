// Several corporations: one is added, installed, shown by the switch and left again, and the first is as it was.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { appears, card, goTo, heading } from './harness/admin.mjs';
import { assertNoErrors, openBrowser } from './harness/browser.mjs';
import { complete, QINGSHAN, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const corporations = (page) => page.getByLabel('企业', { exact: true });

async function addCorporation(page) {
  await goTo(page, 'settings');
  await card(page, '授权更多企业').getByRole('button', { name: '添加企业' }).click();
  await heading(page, '安装应用').waitFor();
  await corporations(page).waitFor();
}

/** The QR code is scanned by the corporation, and the admin confirms its name. */
async function installByQrCode(page, newPage, corp) {
  await page.getByRole('button', { name: '显示授权二维码' }).click();
  const phone = await newPage(await page.locator('.qr-link code').textContent());
  await phone.getByRole('radio', { name: corp.name }).check();
  await phone.getByRole('button', { name: '同意授权' }).click();
  await phone.getByRole('heading', { name: '授权成功' }).waitFor();
  await phone.close();
  await page.bringToFront();
  await page.getByRole('button', { name: '是我的企业', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '确认绑定' }).click();
  await appears(card(page, '安装到企业微信').getByText('已安装', { exact: true }));
}

test('a second corporation is added, shown by the switch, and ended by itself', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await complete(server);
    const page = await newPage();
    await heading(page, '概览').waitFor();
    assert.equal(await corporations(page).count(), 0, 'there is nothing to choose from');

    await addCorporation(page);
    await installByQrCode(page, newPage, QINGSHAN);
    const names = await corporations(page).locator('option').allTextContents();
    assert.deepEqual(names, [YUNFAN.name, QINGSHAN.name]);
    await page.reload();
    await heading(page, '安装应用').waitFor();
    await card(page, '安装到企业微信').getByText(QINGSHAN.name).waitFor();

    await corporations(page).selectOption(YUNFAN.name);
    await heading(page, '概览').waitFor();
    assert.equal(new URL(page.url()).searchParams.get('binding_id'), null);
    await corporations(page).selectOption(QINGSHAN.name);
    await heading(page, '完成配置').waitFor();
    await page.getByRole('button', { name: '完成配置' }).click();
    await heading(page, '概览').waitFor();
    await goTo(page, 'settings');
    await page.getByRole('button', { name: '断开连接…' }).click();
    await page.getByRole('dialog').getByLabel(/输入/).fill(QINGSHAN.name);
    await page.getByRole('dialog').getByRole('button', { name: '断开连接' }).click();
    await heading(page, '概览').waitFor();
    await page.locator('.corp-name', { hasText: YUNFAN.name }).waitFor();
    assert.equal((await server.api.state()).installation.status, 'installed');
    assert.equal((await server.api.call('GET', '/authorizations')).bindings.length, 1);
    await assertNoErrors(record);
  }));

test('whoever added one by mistake goes back, and a corporation that is gone shows the first', () =>
  onStage(browser, async ({ server, newPage }) => {
    await complete(server);
    const page = await newPage();
    await heading(page, '概览').waitFor();
    await addCorporation(page);
    const address = page.url();
    await page.getByRole('button', { name: '不添加了，返回' }).click();
    await heading(page, '概览').waitFor();
    assert.equal((await server.api.call('GET', '/authorizations')).bindings.length, 1);
    await page.goto(address);
    await page.locator('.corp-name', { hasText: YUNFAN.name }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('binding_id'), null);
  }));
