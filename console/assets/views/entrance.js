// Before there is a state to show: not signed in, or the server does not answer.

import { problemWords, words } from '../codes.js';
import { h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { button, message, spinner, whileBusy, wordsMessage } from './parts.js';

export function loading() {
  return h('div', { class: 'card entrance' }, spinner(t('page.loading')));
}

/** `arrival` is what WeCom's install page brought back to a tab that is not signed in. */
export function signInView(session, arrival) {
  const lead = session.signIn ? t('page.signInLead') : t('page.signInLocal');
  return h('div', { class: 'card entrance' },
    h('p', { class: 'brand' }, icon('mark', 'mark'), h('span', {}, t('page.product'))),
    arrival?.outcome === 'installed' && message('info', t('page.arrivedElsewhere'), h('p', {}, t('page.arrivedElsewhereHint'))),
    arrival?.outcome === 'failed' && wordsMessage('bad', words('error', arrival.code, 'installation'), { code: arrival.code }),
    session.tried && message('warn', t('page.signInFailed'), h('p', {}, t('page.signInFailedHint'))),
    h('h1', {}, t('page.signInTitle')), h('p', { class: 'lead' }, lead),
    session.signIn && h('div', { class: 'actions' }, button(t('page.signIn'), { kind: 'primary', onClick: () => session.signIn() })));
}

export function unreachableView(problem, retry) {
  const again = button(t('page.retry'), { kind: 'primary', onClick: () => whileBusy(again, t('page.refreshing'), retry) });
  return h('div', { class: 'card entrance' }, wordsMessage('bad', problemWords(problem), { code: problem.code, small: [problem.requestId], alert: true }),
    h('div', { class: 'actions' }, again));
}
