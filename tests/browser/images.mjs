// The pictures in the README: `node images.mjs`, after a change of the page that is to be seen in them.
// They come out as Chromium writes them; `pngquant --ext .png --force ../../docs/images/*.png` makes them small.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { card, goTo, heading, readValues } from './harness/admin.mjs';
import { openBrowser } from './harness/browser.mjs';
import { connect, install, register, YUNFAN } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const HEIGHT = 880;

const browser = await openBrowser();
mkdirSync(FOLDER, { recursive: true });

await onStage(browser, async ({ server, newPage }) => {
  const page = await newPage();
  const shoot = async (name, from) => {
    await page.setViewportSize({ width: 1280, height: HEIGHT });
    await page.evaluate(() => {
      document.activeElement.blur();
      globalThis.scrollTo(0, 0);
    });
    await from?.evaluate((element) => globalThis.scrollTo(0, element.getBoundingClientRect().top - 24));
    await page.mouse.move(0, 0);
    await page.screenshot({ path: `${FOLDER}${name}.png` });
  };
  await heading(page, '安装应用').waitFor();
  await page.getByRole('button', { name: '我已确认，收起' }).click();
  await shoot('install');
  await install(server);
  await register(server, 'contacts');
  await goTo(page, 'contacts');
  await page.getByRole('button', { name: '刷新状态' }).click();
  const { url, token, key } = await readValues(page);
  await server.wecom.save(YUNFAN, 'contacts', { url, token: [...token].reverse().join(''), encoding_aes_key: key });
  await page.getByText('收到企业微信的请求，但 Token 不一致').first().waitFor();
  await shoot('contacts', card(page, '回填到企业微信'));
  await connect(server, 'contacts');
  await connect(server, 'external-contacts');
  await server.api.complete();
  await server.wecom.send(YUNFAN, 'contacts', 'change_contact/create_user');
  await server.wecom.send(YUNFAN, 'external-contacts', 'change_external_contact/add_external_contact');
  await goTo(page, 'overview');
  await page.getByRole('button', { name: '刷新状态' }).click();
  await page.getByRole('heading', { name: '正常', exact: true }).waitFor();
  await page.getByText('正在刷新').waitFor({ state: 'hidden' });
  await shoot('overview');
});
await browser.close();
