// Is it healthy, and if not: why, what does not work because of it, what to do where.

import { findingWords, scopeName, words } from '../codes.js';
import { h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { stepOf } from '../progress.js';
import { linkButton, message, time, wordsMessage } from './parts.js';

const HEALTH_TONE = { ok: 'ok', attention: 'warn', broken: 'bad' };
const HEALTH_ICON = { ok: 'check', warn: 'alert', bad: 'cross', info: 'info' };
const FINDING_TONE = { error: 'bad', warning: 'warn', info: 'info' };
/** Which part of the scope, or all of it, does not work because of a finding. */
const AFFECTED = { authorization_cancelled: 'all', member_authorization: 'all', secret_rejected: 'secret', app_disabled: 'secret', ip_not_trusted: 'secret', callback_silent: 'callback', old_credentials_in_use: 'callback' };

/** The overview's first part. */
export function healthPart(state) {
  const unfinished = state.next_step !== 'done' && words('next_step', state.next_step);
  // Nothing is wrong with what is there; but nobody should read that all is well.
  const halfway = unfinished && state.health === 'ok';
  const entry = halfway ? { words: t('steps.overview.unfinished'), cause: t('steps.overview.unfinishedWhy') } : words('health', state.health);
  const tone = halfway ? 'info' : HEALTH_TONE[state.health] ?? 'info';
  return [
    h('section', { class: `card banner banner-${tone}`, 'aria-labelledby': 'health-title' },
      h('span', { class: 'banner-mark' }, icon(HEALTH_ICON[tone])),
      h('div', {}, h('h3', { id: 'health-title' }, entry.words), h('p', {}, entry.cause)),
      state.completed_at && h('p', { class: 'quiet' }, t('steps.overview.completed'), ' ', time(state.completed_at))),
    state.findings.map(findingMessage),
    unfinished && state.findings.length === 0 && message('warn', unfinished.words, [
      h('p', {}, unfinished.action), h('div', { class: 'actions' }, linkButton(t('steps.overview.handle'), `#/${stepOf(state.next_step)}`))]),
  ];
}

function findingMessage(finding) {
  const entry = findingWords(finding);
  const affected = affectedBy(finding);
  return wordsMessage(FINDING_TONE[finding.severity] ?? 'warn', entry, {
    title: [finding.scope && `${scopeName(finding.scope)}${t('page.colon')}`, entry.words], code: finding.code,
    more: [['affected', affected]], last: [['since', finding.since && time(finding.since)]],
    extra: h('div', { class: 'actions' }, linkButton(t('steps.overview.handle'), `#/${placeOf(finding)}`)),
  });
}

/** On the other views, one line: what is broken, and the way there. Not where the admin is already putting it right. */
export function healthBanner(state, route) {
  const worst = state.findings.find((finding) => finding.severity === 'error');
  if (!worst || !state.completed_at || route === 'overview' || route === placeOf(worst)) return null;
  const title = t('steps.overview.brokenBecause', { reason: [worst.scope && `${scopeName(worst.scope)}${t('page.colon')}`, findingWords(worst).words].filter(Boolean).join('') });
  const affected = affectedBy(worst);
  return message('bad', title, h('p', {}, affected && `${t('page.advice.affected')}${t('page.colon')}${affected}${t('page.stop')} `,
    h('a', { class: 'link', href: `#/${placeOf(worst)}` }, t('steps.overview.handle'))));
}

function placeOf({ scope }) {
  return (scope ?? 'install').replaceAll('_', '-');
}

/** What does not work because of it, in the words of the checklist. */
function affectedBy({ code, scope }) {
  const part = AFFECTED[code];
  if (!part) return null;
  return t(`steps.ability.${part === 'all' ? 'all' : `${scope}_${part}`}`);
}
