// Asks for the texts and the settings while the page's modules are still on their way: a round trip less on a slow line. What
// fails here is asked for again by those who need it.

import { preferredLanguage } from './language.js';

const language = preferredLanguage();

/** @param {URL} url @param {RequestInit} [options] */
const ask = (url, options) => fetch(url, options).catch(() => null);

globalThis.early = {
  language,
  texts: ask(new URL(`texts/${language}.json`, import.meta.url)),
  config: ask(new URL('assets/config.json', document.baseURI), { cache: 'no-cache' }),
};
