// The page for everybody: by keyboard alone, in either language, enlarged, and never losing the place.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { appears, card, goTo, heading, readValues } from './harness/admin.mjs';
import { assertFits, assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { complete, install, register, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

const ROUTES = ['install', 'contacts', 'external-contacts', 'finish', 'overview', 'events', 'audit', 'settings'];
const MOST_TABS = 60;
let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** Presses Tab until the focus is on what `isWanted` describes; what has the focus is always to be seen. */
async function tabTo(page, name) {
  const passed = [];
  for (let step = 0; step < MOST_TABS; step += 1) {
    await page.keyboard.press('Tab');
    const { label, outline } = await page.evaluate(() => {
      const element = document.activeElement;
      const marked = element.closest('.choice-card') ?? element;
      return {
        label: element.getAttribute('aria-label') ?? (element.labels?.[0] ?? element).textContent.trim(),
        outline: getComputedStyle(marked).outlineStyle,
      };
    });
    assert.notEqual(outline, 'none', `the focus is not to be seen on ${label}`);
    if (label === name) return;
    passed.push(label);
  }
  assert.fail(`no way by Tab to ${name}: ${passed.join(' | ')}`);
}

const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim());

test('a step is done by keyboard alone', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    await heading(page, '通讯录授权').waitFor();
    await tabTo(page, '跳到主要内容');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    await tabTo(page, '企业ID');
    await page.keyboard.type(YUNFAN.corpId);
    await tabTo(page, '通讯录Secret');
    await page.keyboard.type(await server.wecom.secret(YUNFAN, 'contacts'));
    await page.keyboard.press('Enter');
    const { url, token, key } = await readValues(page);
    await tabTo(page, '复制 URL');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'URL 已复制' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), url);

    // What has the focus keeps it while the page polls.
    const before = await focused(page);
    for (let poll = 0; poll < 2; poll += 1)
      await page.waitForResponse((answer) => answer.url().endsWith('/authorization'));
    assert.equal(await focused(page), before);

    await server.wecom.save(YUNFAN, 'contacts', { url, token, encoding_aes_key: key });
    await appears(card(page, '回填到企业微信').getByText(/URL 已验证（/));
    await tabTo(page, '下一步');
    await page.keyboard.press('Enter');
    await heading(page, '外部联系人授权').waitFor();
    assert.equal(await focused(page), '外部联系人授权', 'the heading of the next step has the focus');

    await tabTo(page, '稍后回填');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    assert.ok(await page.evaluate(() => document.querySelector('dialog').contains(document.activeElement)));
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(page), '稍后回填');
    await assertNoErrors(record);
  }));

test('copies without a clipboard of the browser’s, and says which keys to press where nothing else works', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    await register(server, 'contacts');
    const elsewhere = await newPage();
    const page = await newPage(`${server.url}#/contacts`);
    const { token, key, url } = await readValues(page);
    // As on a page without https.
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
    });
    const copied = async () => {
      await elsewhere.bringToFront();
      const text = await elsewhere.evaluate(() => navigator.clipboard.readText());
      await page.bringToFront();
      return text;
    };
    await page.getByRole('button', { name: '复制 Token', exact: true }).click();
    await page.getByRole('button', { name: 'Token 已复制', exact: true }).waitFor();
    assert.equal(await copied(), token);
    await page.getByRole('button', { name: /^复制全部/ }).click();
    await page.getByRole('button', { name: /EncodingAESKey 已复制$/ }).waitFor();
    assert.equal(await copied(), `URL: ${url}\nToken: ${token}\nEncodingAESKey: ${key}`);

    await page.evaluate(() => {
      document.execCommand = () => false;
    });
    await page.getByRole('button', { name: '复制 EncodingAESKey', exact: true }).click();
    await page.getByRole('button', { name: '已选中，请按 Ctrl+C 或 ⌘C', exact: true }).waitFor();
    await page.keyboard.press('Control+C');
    assert.equal(await copied(), key);
    await assertNoErrors(record);
  }));

test('the choice of Secret outlives the tab', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage(`${server.url}#/external-contacts`);
    await page.getByRole('radio', { name: /^自建应用Secret/ }).check();
    await page.close();
    const again = await newPage(`${server.url}#/external-contacts`);
    await again.getByLabel('自建应用Secret', { exact: true }).waitFor();
    assert.ok(await again.getByRole('radio', { name: /^自建应用Secret/ }).isChecked());
    await assertNoErrors(record);
  }));

test('the choice of Secret and the guide are reached by keyboard, and the guide leads back', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage(`${server.url}#/external-contacts`);
    await heading(page, '外部联系人授权').waitFor();
    await page.getByRole('radio', { name: /^客户Secret/ }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByLabel('自建应用Secret', { exact: true }).waitFor();
    await tabTo(page, '操作指引：企业ID');
    await page.keyboard.press('Enter');
    await page
      .getByRole('complementary')
      .getByRole('heading', { name: /企业ID/ })
      .waitFor();
    assert.equal(await focused(page), '操作指引');
    await page.getByRole('button', { name: '返回刚才的位置' }).press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), '操作指引：企业ID');
    await assertNoErrors(record);
  }));

test('speaks both languages, keeps what was typed, and remembers the choice', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    await heading(page, '通讯录授权').waitFor();
    await page.getByLabel('企业ID', { exact: true }).fill('ww-half');
    await page.getByLabel('通讯录Secret', { exact: true }).fill('half a secret');
    await page.getByRole('button', { name: 'EN', exact: true }).click();
    await heading(page, 'Contacts authorization').waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
    assert.equal(await page.getByLabel('Corp ID (企业ID)', { exact: true }).inputValue(), 'ww-half');
    assert.equal(await page.getByLabel('Contacts Secret', { exact: true }).inputValue(), 'half a secret');
    await page.reload();
    await heading(page, 'Contacts authorization').waitFor();
    assert.equal(await page.getByLabel('Corp ID (企业ID)', { exact: true }).inputValue(), 'ww-half');
    assert.equal(
      await page.getByLabel('Contacts Secret', { exact: true }).inputValue(),
      '',
      'a Secret does not outlive a reload',
    );
    await page.getByRole('button', { name: '中文', exact: true }).click();
    await heading(page, '通讯录授权').waitFor();
    await assertNoErrors(record);
  }));

test('the values are printed alone, for the colleague who has WeCom’s console', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    await register(server, 'contacts');
    const page = await newPage(`${server.url}#/contacts`);
    const { url, token, key } = await readValues(page);
    await page.evaluate(() => {
      globalThis.print = () => {};
    });
    await page.getByRole('button', { name: '打印给同事' }).click();
    await page.emulateMedia({ media: 'print' });
    const printed = await page.evaluate(() => document.body.innerText);
    for (const text of [url, token, key, YUNFAN.name, '通讯录授权', '设置接收事件服务器'])
      assert.ok(printed.includes(text), text);
    for (const text of ['自检', '操作指引', '更换 Secret', '企业微信提示保存失败', '复制'])
      assert.ok(!printed.includes(text), text);
    await page.screenshot({ path: new URL('screenshots/print-values.png', import.meta.url).pathname, fullPage: true });
    await page.evaluate(() => globalThis.dispatchEvent(new Event('afterprint')));
    await page.emulateMedia({ media: 'screen' });
    await page.getByRole('heading', { name: '自检' }).waitFor();
    await assertNoErrors(record);
  }));

test('the guide’s picture follows the menu that the admin has, and is enlarged on a press', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    const page = await newPage();
    const guide = page.getByRole('complementary');
    const way = async () => (await guide.getByRole('list', { name: '查看位置' }).allInnerTexts()).join().split('\n');
    await guide.getByRole('button', { name: '旧版' }).click();
    assert.equal((await way())[0], '管理工具');
    await guide.getByRole('button', { name: '新版' }).click();
    assert.deepEqual((await way()).slice(0, 2), ['安全与管理', '管理工具']);
    assert.match(
      await guide.locator('.diagram-open use').last().getAttribute('href'),
      /contacts-secret\.svg#zh-CN-new$/,
    );
    await page.setViewportSize({ width: 360, height: 740 });
    const small = await guide.locator('.diagram-open svg').boundingBox();
    await guide.getByRole('button', { name: /^放大图片/ }).click();
    const dialog = page.getByRole('dialog');
    const large = await dialog.locator('svg').boundingBox();
    assert.ok(large.width > 2 * small.width, `${large.width} to ${small.width}`);
    await inspect(page, 'guide-enlarged', { full: false });
    await dialog.getByRole('button', { name: '关闭' }).click();
    await dialog.waitFor({ state: 'detached' });
    await assertNoErrors(record);
  }));

for (const locale of ['zh-CN', 'en-GB']) {
  test(`no view lacks a text in ${locale}, and every view fits at 200 % and with text twice as large`, () =>
    onStage(
      browser,
      async ({ server, record, newPage }) => {
        await complete(server);
        await server.wecom.send(YUNFAN, 'contacts', 'change_contact/create_user');
        const page = await newPage();
        await page.locator('main h2').waitFor();
        const titles = new Set();
        for (const route of ROUTES) {
          await goTo(page, route);
          await page.waitForFunction(
            (name) => globalThis.location.hash === `#/${name}` && document.querySelector('main h2') !== null,
            route,
          );
          await page.locator('main .loading').waitFor({ state: 'detached' });
          titles.add(await page.title());
          const text = await page.evaluate(() => document.body.innerText);
          assert.doesNotMatch(
            text,
            /\b(page|steps|events|audit|errors|codes|findings)\.[a-zA-Z]+|\{\w+\}|undefined|null|NaN/,
            route,
          );
          for (const [what, width, size] of [
            ['200 %', 640, ''],
            ['large text', 1280, '200%'],
          ]) {
            await page.setViewportSize({ width, height: 450 });
            await page.evaluate((fontSize) => {
              document.documentElement.style.fontSize = fontSize;
            }, size);
            await assertFits(page, `${route} ${what}`);
          }
          await page.evaluate(() => {
            document.documentElement.style.fontSize = '';
          });
        }
        assert.equal(titles.size, ROUTES.length, 'each view has a title of its own');
        await assertNoErrors(record);
      },
      { locale },
    ));
}

test('a bookmark, the back button and a second tab all show the same state', () =>
  onStage(browser, async ({ server, record, newPage }) => {
    await install(server);
    await register(server, 'contacts');
    const page = await newPage(`${server.url}#/finish`);
    await heading(page, '完成配置').waitFor();
    await goTo(page, 'contacts');
    await heading(page, '通讯录授权').waitFor();
    await page.goBack();
    await heading(page, '完成配置').waitFor();
    const second = await newPage();
    await heading(second, '通讯录授权').waitFor();
    await page.goForward();
    assert.deepEqual(await readValues(second), await readValues(page));
    await assertNoErrors(record);
  }));
