// Starts the page: what WeCom brought back, the texts, the session, then the page itself.

import { h, render } from 'preact';
import { createApi } from './api.js';
import { createPage } from './app.js';
import { announceArrival, takeArrival } from './arrival.js';
import { applyTheme } from './embed/theme.js';
import { keepFocus } from './focus.js';
import { loadTexts, t } from './i18n.js';
import { beginElsewhere, wasBegunElsewhere } from './installation.js';
import { preferredLanguage } from './language.js';
import { openSession } from './session.js';
import { ReturnedView, SignInView } from './views/entrance.js';

// From here on early.js, if it has not run yet, has nothing to ask for.
globalThis.early ??= null;

async function start() {
  if (beginElsewhere()) return undefined;
  const session = await openSession();
  await loadTexts(session.host?.language ?? preferredLanguage());
  const arrival = takeArrival();
  if (arrival) announceArrival(arrival);
  if (arrival && wasBegunElsewhere()) return draw(h(ReturnedView, { arrival }));
  if (!session.token() && session.signIn && !session.tried) return session.signIn();
  if (session.host) {
    document.documentElement.classList.add('embedded');
    applyTheme(session.host.theme);
    session.host.watchHeight(document.body);
  }
  if (session.token()) return draw(createPage({ api: createApi({ session }), session, arrival }));
  return draw(h(SignInView, { session, arrival }));
}

/** @param {import('preact').VNode} page */
function draw(page) {
  const root = element('page');
  root.replaceChildren();
  keepFocus(root);
  document.title = t('page.product');
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
