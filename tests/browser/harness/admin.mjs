// What the admin does on the page, in the words that stand there.

import assert from 'node:assert/strict';

/** The page promises to show what WeCom did within this time. */
export const PROMISE_MS = 3_000;

export const SCOPE_CARDS = {
  contacts: { secret: '通讯录Secret', step: '通讯录授权', checks: '校验通讯录Secret' },
  'external-contacts': { secret: '客户Secret', step: '外部联系人授权', checks: '校验客户Secret' },
};

export const card = (page, title) => page.getByRole('region', { name: title, exact: true });

/** Fills in 企业ID and Secret and presses 校验并保存; waits until WeCom's answer is there. */
export async function submitSecret(page, scope, { corpId, secret }) {
  const form = card(page, SCOPE_CARDS[scope].checks);
  if (corpId !== undefined) await form.getByLabel('企业ID', { exact: true }).fill(corpId);
  await form.getByLabel(SCOPE_CARDS[scope].secret, { exact: true }).fill(secret);
  const answered = page.waitForResponse((answer) => answer.url().endsWith(`/authorization/${scope}/secret`));
  await form.getByRole('button', { name: '校验并保存' }).click();
  await answered;
  await form.locator('.is-busy').waitFor({ state: 'detached' });
}

/** The three values as they stand on the page. */
export async function readValues(page) {
  const values = card(page, '回填到企业微信').locator('dl.values');
  await values.locator('code').nth(2).waitFor();
  const [url, token, key] = await values.locator('code').allTextContents();
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/callback\/[0-9a-f]{32}$/);
  assert.match(key, /^[A-Za-z0-9]{43}$/);
  return { url, token, key };
}

/** Waits for words on the page, and answers after how many milliseconds from `since` they were there. */
export async function appears(locator, { since = Date.now(), within = PROMISE_MS } = {}) {
  await locator.first().waitFor({ timeout: Math.max(1, within - (Date.now() - since)) });
  return Date.now() - since;
}

export const goTo = (page, route) =>
  page.evaluate((name) => {
    globalThis.location.hash = `#/${name}`;
  }, route);

export const heading = (page, name) => page.getByRole('heading', { level: 2, name, exact: true });
