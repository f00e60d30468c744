// ① 安装应用, when it does not go straight: a forwarded link, a second thought, a member, another tenant, a reload in the middle.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { appears, card, heading } from './harness/admin.mjs';
import { assertNoErrors, openBrowser, openContext } from './harness/browser.mjs';
import { install, QINGSHAN, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';
import { chooseStandardApp, confirmInstall, openInstallPage } from './harness/wecom-pages.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const withPage = (work) => onStage(browser, work);

const installCard = (page) => card(page, '安装到企业微信');
const notInstalled = async (server) => assert.equal((await server.api.state()).installation.status, 'not_installed');

test('a link that was forwarded binds nothing in another browser, which shows why; its owner starts again and finishes', () =>
  withPage(async ({ server, record, newPage }) => {
    const page = await newPage();
    const installPage = await openInstallPage(page);
    const stranger = await openContext(browser, server);
    const theirs = await stranger.newPage(installPage.url());
    await confirmInstall(theirs, QINGSHAN);
    await theirs.getByText('本次安装没有完成').waitFor();
    await theirs.getByText(/在另一个浏览器中打开/).waitFor();
    await theirs.getByText('install_link_expired').waitFor();
    await notInstalled(server);

    // The link of ours, which the stranger may have been sent just as well.
    const ours = await page.evaluate(() => JSON.parse(sessionStorage.getItem('wecom-authorization.install-link')).url);
    await theirs.goto(ours);
    await theirs.getByText('本次安装没有完成').waitFor();
    await notInstalled(server);
    await assertNoErrors(stranger.record);
    await stranger.context.close();

    // WeCom takes a link once, and the stranger has used it up: the owner makes another.
    await installPage.close();
    await page.getByRole('button', { name: '放弃这次安装' }).click();
    await confirmInstall(await openInstallPage(page), YUNFAN);
    await appears(installCard(page).getByText('已安装', { exact: true }));
    assert.equal((await server.api.state()).installation.corp_name, YUNFAN.name);
    await assertNoErrors(record);
  }));

test('coming back twice with one code shows 已安装 and installs once', () =>
  withPage(async ({ server, record, newPage }) => {
    const page = await newPage();
    const installPage = await openInstallPage(page);
    const returning = installPage.waitForRequest((request) => request.url().includes('/installation/callback'));
    await confirmInstall(installPage, YUNFAN);
    const back = (await returning).url();
    await appears(installCard(page).getByText('已安装', { exact: true }));
    await installPage.goto(back);
    await installCard(installPage).getByText('已安装', { exact: true }).first().waitFor();
    assert.equal(await installPage.getByText('本次安装没有完成').count(), 0);
    const { entries } = await server.api.audit();
    assert.equal(entries.filter(({ action }) => action === 'installed').length, 1);
    await assertNoErrors(record);
  }));

test('取消 in WeCom leaves the link good, and the page waiting', () =>
  withPage(async ({ record, newPage }) => {
    const page = await newPage();
    const installPage = await openInstallPage(page);
    await installPage.getByRole('button', { name: '取消' }).click();
    await installPage.getByRole('heading', { name: '已取消安装' }).waitFor();
    await installPage.close();
    await page.getByText('正在等待管理员扫码确认').waitFor();
    const again = await openInstallPage(page);
    await confirmInstall(again, YUNFAN);
    await appears(installCard(page).getByText('已安装', { exact: true }));
    await assertNoErrors(record);
  }));

test('an admin who has only a phone reads how to scan what it shows', () =>
  withPage(async ({ record, newPage }) => {
    const page = await newPage();
    const installPage = await openInstallPage(page);
    await page.bringToFront();
    const hint = page.getByText(/只有这一部手机？/);
    await page.getByText('正在等待管理员扫码确认').waitFor();
    assert.equal(await hint.isVisible(), false);
    await page.setViewportSize({ width: 360, height: 740 });
    await hint.waitFor();
    await installPage.close();
    await assertNoErrors(record);
  }));

test('an installation given up leads back to the beginning', () =>
  withPage(async ({ record, newPage }) => {
    const page = await newPage();
    await openInstallPage(page);
    await page.bringToFront();
    await page.getByText(/安装链接还有 \d+ 分 \d\d 秒有效/).waitFor();
    await page.getByRole('button', { name: '放弃这次安装' }).click();
    await chooseStandardApp(page);
    await page.getByRole('button', { name: '安装到企业微信' }).waitFor();
    await assertNoErrors(record);
  }));

test('a member’s installation is shown as what it is, and an administrator’s puts it right', () =>
  withPage(async ({ record, newPage }) => {
    const page = await newPage();
    const installPage = await openInstallPage(page);
    await confirmInstall(installPage, YUNFAN, { mode: '成员授权' });
    await appears(installCard(page).getByText('需管理员安装', { exact: true }));
    await page.getByText('需要由管理员安装').first().waitFor();
    await installPage.close();
    const again = await openInstallPage(page);
    await confirmInstall(again, YUNFAN);
    await appears(installCard(page).getByText('管理员授权', { exact: true }));
    await assertNoErrors(record);
  }));

test('a corporation that another account has bound cannot be taken, and the other account is not named', () =>
  withPage(async ({ server, record, newPage }) => {
    await install(server, { api: server.secondApi });
    const page = await newPage();
    const installPage = await openInstallPage(page);
    await confirmInstall(installPage, YUNFAN);
    await page.bringToFront();
    await appears(page.getByText('这家企业不能绑定到当前账号'));
    assert.equal(await page.getByText('demo-2').count(), 0);
    await notInstalled(server);
    await assertNoErrors(record);
  }));

test('the address with another tenant’s token shows that tenant, and the token leaves the address bar', () =>
  withPage(async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage(`${server.url}#token=${server.local.second_tenant.admin_token}`);
    await heading(page, '安装应用').waitFor();
    await installCard(page).getByText('未安装', { exact: true }).waitFor();
    assert.ok(!page.url().includes('token'));
    await page.reload();
    await installCard(page).getByText('未安装', { exact: true }).waitFor();
    const own = await newPage();
    await heading(own, '通讯录授权').waitFor();
    await assertNoErrors(record);
  }));

test('a server without a usable suite ticket is named as the platform’s trouble, not the admin’s', () =>
  withPage(async ({ server, record, newPage }) => {
    const page = await newPage();
    await heading(page, '安装应用').waitFor();
    await server.wecom.faults([{ path: '/cgi-bin/service/get_suite_token', errcode: 40085, times: 5 }]);
    await chooseStandardApp(page);
    await page.getByRole('button', { name: '安装到企业微信' }).click();
    await page.getByText('授权服务暂不可用').waitFor();
    await page.getByText(/您无需修改任何内容/).waitFor();
    await assertNoErrors(record, 502);
  }));
