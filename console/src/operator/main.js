// Starts the operators' page: the texts, the session, then the page itself.

import { h, render } from 'preact';
import { loadTexts, t } from '../i18n.js';
import { preferredLanguage } from '../language.js';
import { openSession } from '../session.js';
import { SignInView } from '../views/entrance.js';
import { createApi } from './api.js';
import { createPage } from './page.js';

globalThis.early ??= null;

async function start() {
  const session = await openSession({ isOperator: true });
  await loadTexts(preferredLanguage());
  if (!session.token() && session.signIn && !session.tried) return session.signIn();
  const root = element('page');
  root.replaceChildren();
  document.title = t('operator.title');
  const page = session.token()
    ? createPage({ api: createApi({ session }) })
    : h(SignInView, { session, arrival: null });
  return render(page, root);
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
