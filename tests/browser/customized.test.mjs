// ① with a template (代开发): the page shows a QR code, a phone scans it, and the admin confirms whose it was.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { appears, card, heading } from './harness/admin.mjs';
import { assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { QINGSHAN, until, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const guide = (page) => page.getByRole('complementary');

const installCard = (page) => card(page, '安装到企业微信');

/** Shows the QR code; answers its text. */
async function showQrCode(page) {
  await heading(page, '安装应用').waitFor();
  assert.ok(await page.getByRole('radio', { name: '代开发应用（推荐）' }).isChecked());
  await page.getByRole('button', { name: '显示授权二维码' }).click();
  await page.getByRole('img', { name: '企业微信授权二维码' }).waitFor();
  return page.locator('.qr-link code').textContent();
}

/** What the administrator of a corporation does on their phone. */
async function scan(newPage, text, corp) {
  const phone = await newPage(text);
  await phone.getByRole('radio', { name: corp.name }).check();
  await phone.getByRole('button', { name: '同意授权' }).click();
  await phone.getByRole('heading', { name: '授权成功' }).waitFor();
  await phone.close();
}

test('a corporation that scans the QR code is installed when the admin has confirmed its name', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    const page = await newPage();
    const text = await showQrCode(page);
    await page.getByText('二维码还有 9 天 23 小时有效').waitFor();
    await page.reload();
    await page.getByRole('img', { name: '企业微信授权二维码' }).waitFor();
    assert.equal(await page.locator('.qr-link code').textContent(), text, 'a reload keeps it');
    await page.getByRole('button', { name: /复制.*授权链接/ }).click();

    await scan(newPage, text, YUNFAN);
    await page.bringToFront();
    await appears(installCard(page).getByText('待确认企业', { exact: true }));
    await page.getByText(`「${YUNFAN.name}」的管理员已扫码授权`).waitFor();
    await page.getByRole('button', { name: '是我的企业', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: '取消' }).click();
    assert.equal((await server.api.state()).installation.status, 'awaiting_confirmation');
    await page.getByRole('button', { name: '是我的企业', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: '确认绑定' }).click();
    await appears(installCard(page).getByText('已安装', { exact: true }));
    assert.equal((await server.api.state()).installation.corp_name, YUNFAN.name);
    await assertNoErrors(record);
  }));

test('a corporation that is not the admin’s is refused, and another one scans a new QR code', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    const page = await newPage();
    await scan(newPage, await showQrCode(page), QINGSHAN);
    await page.bringToFront();
    await page.getByText(`「${QINGSHAN.name}」的管理员已扫码授权`).waitFor();
    await page.getByRole('button', { name: '不是我的企业' }).click();
    await page.getByRole('dialog').getByRole('button', { name: '不绑定' }).click();
    await page.getByRole('button', { name: '显示授权二维码' }).waitFor();
    assert.equal((await server.api.state()).installation.status, 'not_installed');
    await scan(newPage, await showQrCode(page), YUNFAN);
    await page.bringToFront();
    await page.getByRole('button', { name: '是我的企业', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: '确认绑定' }).click();
    await appears(installCard(page).getByText('已安装', { exact: true }));
    await assertNoErrors(record);
  }));

test('steps 2 and 3 are permissions that the administrator confirms in WeCom, and nothing has to be typed', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    const permissionsBecome = async (permissions) => {
      const answer = await fetch(`${server.local.simulator_url}/_simulator/suite/events`, {
        method: 'POST',
        body: JSON.stringify({
          event: 'change_auth',
          suite_id: server.local.template.suite_id,
          corp_id: YUNFAN.corpId,
          permissions,
        }),
      });
      assert.equal(answer.status, 200);
    };
    const page = await newPage();
    await scan(newPage, await showQrCode(page), YUNFAN);
    await page.bringToFront();
    await page.getByRole('button', { name: '是我的企业', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: '确认绑定' }).click();
    await appears(installCard(page).getByText('已安装', { exact: true }));
    await page.getByRole('link', { name: '下一步' }).click();
    await heading(page, '通讯录授权').waitFor();
    const permissions = card(page, '确认权限');
    await permissions.getByText('已确认', { exact: true }).waitFor();
    await page.getByText('由企业管理员在企业微信中确认应用申请的权限').waitFor();
    assert.equal(await page.getByRole('heading', { name: '通讯录Secret' }).count(), 0, 'no guide to a Secret');
    await guide(page).getByRole('heading', { name: '确认应用的权限' }).waitFor();
    assert.equal(await page.locator('#secret-input-contacts').isVisible(), false, 'the old way is folded');

    await permissionsBecome(['contact:base:base']);
    // The event is applied behind the answer to WeCom.
    await until('the permissions are read', async () => {
      const { missing_permissions: missing } = (await server.api.state()).installation;
      return missing.length === 1;
    });
    await page.getByRole('link', { name: '下一步' }).click();
    await heading(page, '外部联系人授权').waitFor();
    await page.getByRole('button', { name: '刷新状态' }).click();
    await permissions.getByText('externalcontact:base:base').waitFor();
    await permissionsBecome(['contact:base:base', 'externalcontact:base:base']);
    await permissions.getByRole('button', { name: '立即复查' }).click();
    await permissions.getByText('已确认', { exact: true }).waitFor();

    await page.getByRole('link', { name: '下一步' }).click();
    await page.getByRole('button', { name: '完成配置' }).click();
    await heading(page, '概览').waitFor();
    assert.ok((await server.api.state()).completed_at);

    // Withdrawn later, it is a finding, with the guide and the way to the step.
    await server.wecom.call('POST', '/clock', { advance_seconds: 1 });
    await permissionsBecome(['contact:base:base']);
    await until('the finding', async () => (await server.api.state()).findings.length === 1);
    await page.reload();
    const finding = page.locator('.message', { hasText: '代开发应用缺少权限' });
    await finding.getByRole('button', { name: /操作指引/ }).click();
    await guide(page).getByRole('heading', { name: '确认应用的权限' }).waitFor();
    await inspect(page, 'permission-missing');
    await finding.getByRole('link', { name: '立即处理' }).click();
    await heading(page, '外部联系人授权').waitFor();
    await inspect(page, 'permissions');
    await assertNoErrors(record);
  }));
