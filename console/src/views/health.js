// Is it healthy, and if not: why, what does not work because of it, what to do where.

import { h } from 'preact';
import { findingWords, scopeName, scopeOf, words } from '../codes.js';
import { t } from '../i18n.js';
import { missingPermissions, stepOf } from '../progress.js';
import { EgressAddresses } from './addresses.js';
import { GuideLink } from './guide.js';
import { icon, link, linkButton, message, time, wordsMessage } from './parts.js';

/** @import { Children, Finding, Route, State } from '../types.js' */

const HEALTH_TONE = /** @type {const} */ ({ ok: 'ok', attention: 'warn', broken: 'bad' });
const HEALTH_ICON = { ok: 'check', warn: 'alert', bad: 'cross', info: 'info' };
const FINDING_TONE = /** @type {const} */ ({ error: 'bad', warning: 'warn', info: 'info' });
/** Which part of the scope, or all of it, does not work because of a finding. @type {Partial<Record<Finding['code'], 'all' | 'secret' | 'callback'>>} */
const AFFECTED = {
  authorization_cancelled: 'all',
  permanent_code_missing: 'all',
  member_authorization: 'all',
  customized_app_disabled: 'all',
  secret_missing: 'secret',
  secret_rejected: 'secret',
  app_disabled: 'secret',
  ip_not_trusted: 'secret',
  callback_silent: 'callback',
  old_credentials_in_use: 'callback',
};

/** The topics of 操作指引 about findings that no field stands for. @type {Partial<Record<Finding['code'], string>>} */
const TOPICS = { permission_missing: 'permissions', permission_expiring: 'permissions', ip_not_trusted: 'trusted-ip' };

/** The overview's first part. @type {(state: State) => Children} */
export function healthPart(state) {
  const unfinished = state.next_step !== 'done' && words('next_step', state.next_step);
  // Nothing is wrong with what is there; but nobody should read that all is well.
  const halfway = unfinished && state.health === 'ok';
  const entry = halfway
    ? { words: t('steps.overview.unfinished'), cause: t('steps.overview.unfinishedWhy') }
    : words('health', state.health);
  const tone = halfway ? 'info' : (HEALTH_TONE[state.health] ?? 'info');
  return [
    h(
      'section',
      { class: `card banner banner-${tone}`, 'aria-labelledby': 'health-title' },
      h('span', { class: 'banner-mark' }, icon(HEALTH_ICON[tone])),
      h('div', null, h('h3', { id: 'health-title' }, entry.words), h('p', null, entry.cause)),
      state.completed_at && h('p', { class: 'quiet' }, t('steps.overview.completed'), ' ', time(state.completed_at)),
    ),
    state.findings.map((finding) => findingMessage(finding, state)),
    unfinished &&
      state.findings.length === 0 &&
      message('warn', unfinished.words, [
        h('p', null, unfinished.action),
        h('div', { class: 'actions' }, linkButton(t('steps.overview.handle'), `#/${stepOf(state.next_step)}`)),
      ]),
  ];
}

/** @param {Finding} finding */
function titleOf(finding) {
  const scope = scopeOf(finding);
  return `${scope ? `${scopeName(scope)}${t('page.colon')}` : ''}${findingWords(finding).words}`;
}

/** @type {(finding: Finding, state: State) => Children} */
function findingMessage(finding, state) {
  const topic = TOPICS[finding.code];
  return wordsMessage(FINDING_TONE[finding.severity] ?? 'warn', findingWords(finding), {
    title: titleOf(finding),
    code: finding.code,
    more: [['affected', affectedBy(finding)]],
    last: [['since', finding.since && time(finding.since)]],
    extra: [
      finding.code === 'ip_not_trusted' && h(EgressAddresses, { state }),
      h(
        'div',
        { class: 'actions' },
        linkButton(t('steps.overview.handle'), `#/${placeOf(finding, state)}`),
        topic && h(GuideLink, { topic }),
      ),
    ],
  });
}

/** On the other views, one line: what is broken, and the way there. Not where the admin is already putting it right. @type {(state: State, route: Route) => Children} */
export function healthBanner(state, route) {
  const worst = state.findings.find((finding) => finding.severity === 'error');
  if (!worst || !state.completed_at || route === 'overview' || route === placeOf(worst, state)) return null;
  const affected = affectedBy(worst);
  return message(
    'bad',
    t('steps.overview.brokenBecause', { reason: titleOf(worst) }),
    h(
      'p',
      null,
      affected && `${t('page.advice.affected')}${t('page.colon')}${affected}${t('page.stop')} `,
      link(t('steps.overview.handle'), `#/${placeOf(worst, state)}`),
    ),
  );
}

/** @type {(finding: Finding, state: State) => string} */
function placeOf(finding, state) {
  if (TOPICS[finding.code] === 'permissions') {
    const isOfCustomers =
      missingPermissions(state, 'contacts').length === 0 && state.installation.missing_permissions.length > 0;
    return isOfCustomers ? 'external-contacts' : 'contacts';
  }
  return (scopeOf(finding) ?? 'install').replaceAll('_', '-');
}

/** What does not work because of it, in the words of the checklist. @param {Finding} finding */
function affectedBy(finding) {
  const part = AFFECTED[finding.code];
  if (!part) return null;
  return t(`steps.ability.${part === 'all' ? 'all' : `${scopeOf(finding)}_${part}`}`);
}
