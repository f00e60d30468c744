// Starts the page: what WeCom brought back, the texts, the session, then the page itself.

import { h, render } from 'preact';
import { createApi } from './api.js';
import { createPage } from './app.js';
import { announceArrival, takeArrival } from './arrival.js';
import { keepFocus } from './focus.js';
import { loadTexts, preferredLanguage, t } from './i18n.js';
import { openSession } from './session.js';
import { SignInView } from './views/entrance.js';

async function start() {
  const [session] = await Promise.all([openSession(), loadTexts(preferredLanguage())]);
  if (!session.token() && session.signIn && !session.tried) return session.signIn();
  const arrival = takeArrival();
  if (arrival) announceArrival(arrival);
  if (session.token()) return draw(createPage({ api: createApi({ session }), session, arrival }));
  document.title = t('page.product');
  return draw(h(SignInView, { session, arrival }));
}

/** @param {import('preact').VNode} page */
function draw(page) {
  const root = element('page');
  root.replaceChildren();
  keepFocus(root);
  render(page, root);
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is not in the page`);
  return found;
}

start().catch((error) => {
  // Without texts there are no words but the ones that the page itself came with.
  element('page').hidden = true;
  element('failure').hidden = false;
  console.error(error);
});
