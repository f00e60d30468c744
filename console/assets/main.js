// Starts the page: what WeCom brought back, the texts, the session, then the page itself.

import { createApi } from './api.js';
import { announceArrival, takeArrival } from './arrival.js';
import { loadIcons } from './dom.js';
import { loadTexts, preferredLanguage, t } from './i18n.js';
import { createPage } from './page.js';
import { openSession } from './session.js';
import { signInView } from './views/entrance.js';

const root = document.getElementById('page');

async function start() {
  const [session] = await Promise.all([openSession(), loadTexts(preferredLanguage()), loadIcons()]);
  if (!session.token() && session.signIn && !session.tried) return session.signIn();
  const arrival = takeArrival();
  if (arrival) announceArrival(arrival);
  if (!session.token()) return enter(session, arrival);
  return createPage(root, { api: createApi({ session }), session, arrival }).start();
}

function enter(session, arrival) {
  document.title = t('page.product');
  const main = document.createElement('main');
  main.className = 'inner';
  main.append(signInView(session, arrival));
  root.replaceChildren(main);
}

start().catch((error) => {
  // Without texts there are no words but the ones that the page itself came with.
  document.getElementById('failure').hidden = false;
  console.error(error);
});
