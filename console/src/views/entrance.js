// Before there is a state to show: not signed in, or the server does not answer.

import { h } from 'preact';
import { problemWords, words } from '../codes.js';
import { t } from '../i18n.js';
import { button, icon, message, spinner, WorkButton, wordsMessage } from './parts.js';

/** @import { Arrival } from '../arrival.js' */
/** @import { Problem } from '../problem.js' */
/** @import { Session } from '../session.js' */

export function loading() {
  return h('div', { class: 'card entrance' }, spinner(t('page.loading')));
}

/** `arrival` is what WeCom's install page brought back to a tab that is not signed in. @param {{ session: Session, arrival: Arrival | null }} props */
export function SignInView({ session, arrival }) {
  const { signIn } = session;
  return h(
    'main',
    { class: 'inner' },
    h(
      'div',
      { class: 'card entrance' },
      h('p', { class: 'brand' }, icon('mark', 'mark'), h('span', null, t('page.product'))),
      arrival?.outcome === 'installed' &&
        message('info', t('page.arrivedElsewhere'), h('p', null, t('page.arrivedElsewhereHint'))),
      arrival?.outcome === 'failed' &&
        wordsMessage('bad', words('error', arrival.code, 'installation'), { code: arrival.code }),
      session.tried && message('warn', t('page.signInFailed'), h('p', null, t('page.signInFailedHint'))),
      h('h1', null, t('page.signInTitle')),
      h('p', { class: 'lead' }, t(session.host ? 'page.signInHost' : signIn ? 'page.signInLead' : 'page.signInLocal')),
      signIn &&
        h('div', { class: 'actions' }, button(t('page.signIn'), { kind: 'primary', onClick: () => void signIn() })),
    ),
  );
}

/** In the tab that a platform's page opened for the installation: what came of it, and where to go on. @param {{ arrival: Arrival }} props */
export function ReturnedView({ arrival }) {
  return h(
    'main',
    { class: 'inner' },
    h(
      'div',
      { class: 'card entrance' },
      h('p', { class: 'brand' }, icon('mark', 'mark'), h('span', null, t('page.product'))),
      arrival.outcome === 'installed'
        ? message('ok', t('page.returnedInstalled'), h('p', null, t('page.returnedHint')))
        : wordsMessage('bad', words('error', arrival.code, 'installation'), {
            code: arrival.code,
            extra: h('p', null, t('page.returnedHint')),
          }),
    ),
  );
}

/** @param {{ problem: Problem, retry: () => Promise<unknown> }} props */
export function UnreachableView({ problem, retry }) {
  return h(
    'div',
    { class: 'card entrance' },
    wordsMessage('bad', problemWords(problem), { code: problem.code, small: [problem.requestId], alert: true }),
    h(
      'div',
      { class: 'actions' },
      h(WorkButton, { text: t('page.retry'), busyText: t('page.refreshing'), kind: 'primary', work: retry }),
    ),
  );
}
