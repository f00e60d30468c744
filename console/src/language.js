// Which language the page speaks. Knows no text, so that it can run before the modules that do.

import { lasting } from './storage.js';

export const LANGUAGES = /** @type {const} */ (['zh-CN', 'en']);
const CHOICE = 'wecom-authorization.language';

/** @typedef {typeof LANGUAGES[number]} Language */

/** @type {(text: unknown) => Language | undefined} */
export const asLanguage = (text) => LANGUAGES.find((language) => language === text);

/**
 * The admin's own choice, else the browser's, else Chinese.
 * @param {Pick<Storage, 'getItem'>} [store]
 * @param {readonly string[]} [wanted]
 * @returns {Language}
 */
export function preferredLanguage(store = lasting, wanted = globalThis.navigator?.languages ?? []) {
  const chosen = asLanguage(store.getItem(CHOICE));
  if (chosen) return chosen;
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return 'zh-CN';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'zh-CN';
}

/** @param {Language} chosen */
export function rememberLanguage(chosen, store = lasting) {
  store.setItem(CHOICE, chosen);
}
