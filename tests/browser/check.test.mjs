// 立即复查: something was put right in WeCom, and the admin says so.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { card } from './harness/admin.mjs';
import { assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { complete, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** On a page of a tenant whose contacts Secret may not read, because WeCom no longer trusts our address. */
const onUntrusted = (work, options) =>
  onStage(
    browser,
    async (stage) => {
      await complete(stage.server);
      await stage.server.wecom.switches(YUNFAN, { contacts_ip_untrusted: true });
      await stage.server.api.call('POST', '/authorization/check');
      await work(stage);
    },
    options,
  );

const putRight = (server) => server.wecom.switches(YUNFAN, { contacts_ip_untrusted: false });
const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement);

test('says that it is right again once WeCom says so, and keeps the focus on the button', () =>
  onUntrusted(async ({ server, record, newPage }) => {
    const page = await newPage(`${server.url}#/overview`);
    const part = card(page, '已经在企业微信里改好了？');
    const again = part.getByRole('button', { name: '立即复查' });
    await inspect(page, 'check-offered');

    await again.press('Enter');
    await part.getByRole('alert').getByText('复查完成：企业微信的答复没有变化').waitFor();
    assert.ok(await isFocused(again), 'nothing was put right');
    await inspect(page, 'check-unchanged');

    await putRight(server);
    await again.press('Enter');
    await part.getByRole('alert').getByText('复查完成：企业微信确认已恢复正常').waitFor();
    assert.ok(await isFocused(again), 'all is well');
    await page.getByRole('heading', { name: '正常', exact: true }).waitFor();
    assert.equal(await page.getByText('Secret 有效，地址未放行').count(), 0);
    await inspect(page, 'check-right');
    await assertNoErrors(record);
  }));

test('offers the check in the card of the Secret, in English too', () =>
  onUntrusted(
    async ({ server, record, newPage }) => {
      const page = await newPage(`${server.url}#/contacts`);
      const part = page.locator('.recheck');
      await part.getByText('Put it right in WeCom?').waitFor();
      await inspect(page, 'check-in-card-en');
      await putRight(server);
      await part.getByRole('button', { name: 'Check again' }).click();
      await part.getByRole('alert').getByText('Checked: WeCom confirms that all is well again').waitFor();
      await assertNoErrors(record);
      await page.goto(`${server.url}#/external-contacts`);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      assert.equal(await page.locator('.recheck').count(), 0, 'nothing is wrong there');
    },
    { locale: 'en' },
  ));

test('says why WeCom could not be asked, and shows what was known before', () =>
  onUntrusted(async ({ server, record, newPage }) => {
    const page = await newPage(`${server.url}#/overview`);
    const part = card(page, '已经在企业微信里改好了？');
    await server.wecom.faults([{ path: '/cgi-bin/service/v2/get_auth_info', errcode: 45033, times: 9 }]);
    await part.getByRole('button', { name: '立即复查' }).click();
    await part.getByRole('alert').getByText('wecom_error').waitFor();
    await page.getByText('通讯录：Secret 有效，地址未放行').waitFor();
    await inspect(page, 'check-refused');
    await assertNoErrors(record, 502);
  }));

test('finds out that the app was removed when WeCom has not said so', () =>
  onUntrusted(async ({ server, record, newPage }) => {
    const page = await newPage(`${server.url}#/overview`);
    await server.wecom.call('POST', '/suite/events', { event: 'cancel_auth', corp_id: YUNFAN.corpId, silent: true });
    const part = card(page, '已经在企业微信里改好了？');
    await part.getByRole('button', { name: '立即复查' }).click();
    await part.getByRole('alert').getByText('复查完成：应用授权已在企业微信中取消').waitFor();
    await page.getByText('应用授权已取消').first().waitFor();
    await assertNoErrors(record);
  }));
