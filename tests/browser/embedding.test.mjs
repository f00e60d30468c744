// The page inside a platform's own page, on another origin and another site, with third-party cookies blocked.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { assertAccessible, assertNoErrors, openBrowser } from './harness/browser.mjs';
import { connect, install, register, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';
import { confirmInstall } from './harness/wecom-pages.mjs';

let browser;

before(async () => {
  browser = await openBrowser({ args: ['--test-third-party-cookie-phaseout'] });
});
after(() => browser?.close());

/** The example workbench, signed in, with the authorization open. */
async function openWorkbench(newPage, server, { query = '', tenant = '以第一个账号登录' } = {}) {
  const page = await newPage(`${server.local.workbench_url}${query}#/wecom`);
  await page.getByRole('button', { name: tenant }).click();
  return { page, frame: page.frameLocator('#authorization iframe') };
}

/** As when the admin comes back to the window: the page looks again. */
const attend = (frame) => frame.locator('body').evaluate(() => globalThis.dispatchEvent(new Event('focus')));

const logged = (page, text) => page.locator('#log li').filter({ hasText: text }).first().waitFor();

test('a workbench on another site shows the authorization without its header, in its own colours, as high as it is', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const { page, frame } = await openWorkbench(newPage, server);
    await frame.getByRole('heading', { level: 2, name: '通讯录授权' }).waitFor();
    assert.equal(await frame.locator('.top').isVisible(), false);
    const accent = await frame.locator('html').evaluate((root) => root.style.getPropertyValue('--accent'));
    assert.equal(accent, '#6b3fd4');
    const inside = () => frame.locator('body').evaluate((body) => body.getBoundingClientRect().height);
    const outside = () => page.locator('iframe').evaluate((element) => element.getBoundingClientRect().height);
    await page.waitForFunction(
      ([wanted]) => Math.abs(document.querySelector('iframe').getBoundingClientRect().height - wanted) < 2,
      [await inside()],
    );
    const before = await outside();
    await register(server, 'contacts');
    await attend(frame);
    await frame.getByText('正在等待企业微信验证 URL').waitFor();
    await page.waitForFunction((was) => document.querySelector('iframe').getBoundingClientRect().height > was, before);
    await assertAccessible(page, 'the workbench');
    await assertNoErrors(record);
  }));

test('the host is notified of what happens, in the contract’s words', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const { page, frame } = await openWorkbench(newPage, server);
    await frame.getByRole('heading', { level: 2, name: '通讯录授权' }).waitFor();
    const secret = await server.wecom.secret(YUNFAN, 'contacts');
    await frame.getByLabel('企业ID', { exact: true }).fill(YUNFAN.corpId);
    await frame.getByLabel('通讯录Secret', { exact: true }).fill(secret);
    await frame.getByRole('button', { name: '校验并保存' }).click();
    await logged(page, '{"name":"secret_accepted","scope":"contacts"}');
    await server.wecom.save(YUNFAN, 'contacts', await server.api.credentials('contacts'));
    await logged(page, '{"name":"callback_verified","scope":"contacts"}');
    await connect(server, 'external-contacts');
    await server.api.complete();
    await attend(frame);
    await logged(page, '{"name":"completed"}');
    assert.ok(!(await page.locator('#log').innerText()).includes(secret));
    await assertNoErrors(record);
  }));

test('an install opened from the workbench ends in words that lead back, and the workbench shows it', () =>
  onStage(browser, async ({ server, context, record, newPage }) => {
    const { page, frame } = await openWorkbench(newPage, server);
    const opening = context.waitForEvent('page');
    await frame.getByRole('radio', { name: /^标准第三方应用/ }).check();
    await frame.getByRole('button', { name: '安装到企业微信' }).click();
    const tab = await opening;
    await tab.getByRole('button', { name: '前往企业微信' }).click();
    await tab.getByRole('heading', { name: '安装应用' }).waitFor();
    await confirmInstall(tab, YUNFAN);
    await tab.getByText('已从企业微信返回，安装已完成').waitFor();
    await tab.getByText('请关闭这个标签页，回到刚才的页面继续').waitFor();
    assert.equal(await tab.getByRole('button').count(), 0);
    await tab.close();
    await frame.getByText('已安装', { exact: true }).filter({ visible: true }).first().waitFor();
    await logged(page, '{"name":"installed"}');
    await assertNoErrors(record);
  }));

test('works where the browser gives a frame of another site no storage at all', () =>
  onStage(browser, async ({ server, context, record, newPage }) => {
    await install(server);
    await context.addInitScript(() => {
      if (globalThis.parent === globalThis.window) return;
      for (const name of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(globalThis, name, {
          get() {
            throw new DOMException('The operation is insecure.', 'SecurityError');
          },
        });
      }
    });
    const { frame } = await openWorkbench(newPage, server);
    await frame.getByLabel('企业ID', { exact: true }).fill(YUNFAN.corpId);
    await frame.getByLabel('通讯录Secret', { exact: true }).fill(await server.wecom.secret(YUNFAN, 'contacts'));
    await frame.getByRole('button', { name: '校验并保存' }).click();
    await frame.getByText('正在等待企业微信验证 URL').waitFor();
    await assertNoErrors(record);
  }));

test('a view can be opened directly, in either language', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const { frame } = await openWorkbench(newPage, server, { query: '?view=audit&locale=en' });
    await frame.getByRole('heading', { level: 2, name: 'Activity log' }).waitFor();
    await assertNoErrors(record);
  }));

test('a host that is not listed can neither frame the page nor speak to it', () =>
  onStage(browser, async ({ server, context, newPage }) => {
    await install(server);
    const host = createServer((_, answer) => {
      answer.writeHead(200, { 'content-type': 'text/html' });
      answer.end(
        `<!doctype html><title>Other</title><div id="here"></div><script src="${server.url}embed.js"></script>`,
      );
    });
    await new Promise((ready) => {
      host.listen(0, '127.0.0.1', ready);
    });
    try {
      const page = await newPage(`http://127.0.0.1:${host.address().port}/`);
      const asked = await page.evaluate(async (baseUrl) => {
        let tokens = 0;
        const element = document.getElementById('here');
        const getToken = () => {
          tokens += 1;
          return 'token';
        };
        globalThis.WeComAuthorization.mount(element, { baseUrl, getToken });
        await new Promise((loaded) => {
          element.firstElementChild.addEventListener('load', loaded);
        });
        return tokens;
      }, server.url);
      assert.equal(asked, 0);
      const frame = page.frames().at(-1);
      assert.doesNotMatch(await frame.evaluate(() => document.body?.innerText ?? '').catch(() => ''), /授权/);

      // Nor from a window that it has opened itself.
      const opening = context.waitForEvent('page');
      await page.evaluate(
        (url) => {
          globalThis.opened = globalThis.open(url);
        },
        `${server.url}?embed=${encodeURIComponent(`http://127.0.0.1:${host.address().port}`)}#/contacts`,
      );
      const other = await opening;
      await other.getByRole('heading', { level: 2, name: '通讯录授权' }).waitFor();
      await page.evaluate(() => {
        globalThis.opened?.postMessage({ channel: 'wecom-authorization', type: 'view', view: 'settings' }, '*');
      });
      await other.getByRole('button', { name: '刷新状态' }).click();
      assert.equal(await other.evaluate(() => location.hash), '#/contacts');
    } finally {
      host.closeAllConnections();
      host.close();
    }
  }));

test('a token of another account shows that account’s state and nothing of the first', () =>
  onStage(browser, async ({ server, newPage }) => {
    await install(server);
    const { page, frame } = await openWorkbench(newPage, server);
    await frame.getByLabel('企业ID', { exact: true }).fill('ww-of-the-first');
    await frame.getByLabel('通讯录Secret', { exact: true }).fill('secret-of-the-first');
    // The first token ends; the host's session is the second account's by now.
    await page.evaluate(() => fetch('session', { method: 'POST', body: new URLSearchParams({ tenant: '1' }) }));
    let refused = false;
    let sent = 0;
    await page.route('**/authorization/contacts/secret', (route) => {
      sent += 1;
      if (refused) return route.fallback();
      refused = true;
      return route.fulfill({
        status: 401,
        contentType: 'application/problem+json',
        body: '{"code":"unauthenticated"}',
      });
    });
    await frame.getByRole('button', { name: '校验并保存' }).click();
    await frame.getByText('未安装', { exact: true }).or(frame.getByText('还没有安装应用')).first().waitFor();
    assert.equal(sent, 1, 'what was meant for the first account is not sent for the second');
    assert.equal(await frame.locator('input[name="corp_id"]').inputValue(), '');
    assert.equal(await frame.locator('input[name="secret"]').inputValue(), '');
  }));
