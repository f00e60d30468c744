// Asks for the texts and the settings while the page's modules are still on their way: a round trip less on a slow line. What
// fails here is asked for again by those who need it.

import { preferredLanguage } from './language.js';

const language = preferredLanguage();

/** Reads the whole answer, so that no request stays open whose answer nobody needs. @param {URL} url @param {RequestInit} [options] */
const ask = (url, options) =>
  fetch(url, options)
    .then((answer) => (answer.ok ? answer.json() : null))
    .catch(() => null);

// The page's own script may have been faster: then it asks itself.
if (globalThis.early === undefined) {
  globalThis.early = {
    language,
    texts: ask(new URL(`texts/${language}.json`, import.meta.url)),
    config: ask(new URL('assets/config.json', document.baseURI), { cache: 'no-cache' }),
  };
}
