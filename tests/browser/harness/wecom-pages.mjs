// What the admin does in WeCom: on its install page and in its console, which the simulator shows in tabs of their own.

/** Presses the button that opens the install link, and the one behind it. Answers WeCom's install page. */
export async function openInstallPage(page) {
  await chooseStandardApp(page);
  const opening = page.context().waitForEvent('page');
  await page.getByRole('button', { name: /安装到企业微信|重新安装|重新打开安装页/ }).click();
  const wecom = await opening;
  await wecom.getByRole('button', { name: '前往企业微信' }).click();
  await wecom.getByRole('heading', { name: '安装应用' }).waitFor();
  return wecom;
}

/** `cargo run` has a template, too, so the page offers both kinds of app where something is to be installed. */
export async function chooseStandardApp(page) {
  await page.locator('#install-card').waitFor();
  const standard = page.getByRole('radio', { name: /^标准第三方应用/ });
  if ((await standard.count()) > 0) await standard.check();
}

export async function confirmInstall(wecom, corp, { mode = '管理员授权' } = {}) {
  await wecom.getByRole('radio', { name: corp.name }).check();
  await wecom.getByRole('radio', { name: mode }).check();
  await wecom.getByRole('button', { name: '确认安装' }).click();
}

const SECRETS = {
  contacts: '通讯录同步 Secret',
  customer: '客户联系 Secret',
  app: '自建应用 Secret（可调用接口的应用）',
  other: '自建应用 Secret（其他）',
};

/** The row of a corporation's table, as the admin reads it off. */
async function read(wecom, corp, title) {
  const row = wecom.locator(`[id="${corp.corpId}"] tr`).filter({ has: wecom.locator('th', { hasText: title }) });
  return row.locator('code.copyable').textContent();
}

export async function openConsole(context, server) {
  const wecom = await context.newPage();
  await wecom.goto(server.wecom.url);
  return wecom;
}

export const readSecret = (wecom, corp, kind) => read(wecom, corp, SECRETS[kind]);
export const readCorpId = (wecom, corp) => read(wecom, corp, '企业ID');

/** 设置接收事件服务器: pastes the three values, presses 保存, and answers what WeCom says and when it was pressed. */
export async function paste(wecom, corp, scope, { url, token, key }) {
  const panel = wecom.locator(`[id="${corp.corpId}-${scope}"]`);
  await panel.getByLabel('URL').fill(url);
  await panel.getByLabel('Token').fill(token);
  await panel.getByLabel('EncodingAESKey').fill(key);
  const pressedAt = Date.now();
  await panel.getByRole('button', { name: '保存' }).click();
  const words = await panel.getByRole('status').innerText();
  return { words, pressedAt };
}

/** 发送事件: chooses one by its name and sends it. */
export async function sendEvent(wecom, corp, scope, event) {
  const panel = () => wecom.locator(`[id="${corp.corpId}-${scope}"]`);
  await panel().getByRole('combobox', { name: '事件' }).selectOption(event);
  await wecom.waitForURL(/[?&]event=/);
  await panel().getByRole('button', { name: '发送事件' }).click();
  await wecom.waitForURL(/#deliveries$/);
}
