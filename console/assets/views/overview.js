// 概览: is it healthy, and if not, what to do where; then each of the five parts with its facts.

import { findingWords, scopeName, words } from '../codes.js';
import { h, icon, show } from '../dom.js';
import { count, t } from '../i18n.js';
import { openRejection, stepOf } from '../progress.js';
import { badge, facts, message, time, wordsMessage } from './parts.js';

const HEALTH_TONE = { ok: 'ok', attention: 'warn', broken: 'bad' };
const HEALTH_ICON = { ok: 'check', warn: 'alert', bad: 'cross', info: 'info' };
const FINDING_TONE = { error: 'bad', warning: 'warn', info: 'info' };

export function overview() {
  const health = h('div', { class: 'health' });
  const tiles = h('div', { class: 'tiles' });

  function update(state) {
    show(health, [state.health, state.findings, state.next_step, state.completed_at], () => healthPart(state));
    show(tiles, [state.installation, state.contacts, state.external_contacts], () => [
      installationTile(state.installation),
      ...['contacts', 'external_contacts'].flatMap((scope) => [secretTile(scope, state[scope].secret), callbackTile(scope, state[scope].callback)]),
    ]);
  }

  return { element: [health, tiles], update };
}

function healthPart(state) {
  const entry = words('health', state.health);
  const tone = HEALTH_TONE[state.health] ?? 'info';
  const unfinished = state.next_step !== 'done' && words('next_step', state.next_step);
  return [
    h('section', { class: `card banner banner-${tone}`, 'aria-labelledby': 'health-title' },
      h('span', { class: 'banner-mark' }, icon(HEALTH_ICON[tone])),
      h('div', {}, h('h3', { id: 'health-title' }, entry.words), h('p', {}, entry.cause)),
      state.completed_at && h('p', { class: 'quiet' }, t('steps.overview.completed'), ' ', time(state.completed_at))),
    state.findings.map((finding) => wordsMessage(FINDING_TONE[finding.severity] ?? 'warn', findingWords(finding), {
      title: [finding.scope && `${scopeName(finding.scope)}${t('page.colon')}`, findingWords(finding).words], code: finding.code,
      extra: [
        finding.since && h('p', { class: 'quiet' }, t('steps.overview.since'), ' ', time(finding.since)),
        h('p', {}, h('a', { class: 'link', href: `#/${(finding.scope ?? 'install').replaceAll('_', '-')}` }, t('steps.overview.handle'))),
      ],
    })),
    unfinished && state.findings.length === 0 && message('warn', unfinished.words, [
      h('p', {}, unfinished.action), h('p', {}, h('a', { class: 'link', href: `#/${stepOf(state.next_step)}` }, t('steps.overview.handle')))]),
  ];
}

function tile(title, status, href, pairs, className = '') {
  return h('section', { class: `card tile ${className}`.trim() },
    h('div', { class: 'card-head' }, h('h3', {}, title), status), facts(pairs),
    h('p', { class: 'tile-more' }, h('a', { class: 'link', href }, t('steps.overview.manage'), h('span', { class: 'sr-only' }, title))));
}

function installationTile(installation) {
  const tone = { installed: installation.auth_mode === 'member' ? 'warn' : 'ok', cancelled: 'bad', not_installed: 'idle' }[installation.status];
  return tile(t('steps.part.install'), badge(tone, words('status', `installation.${installation.status}`).words), '#/install', [
    [t('steps.install.corp'), installation.corp_name],
    [t('steps.install.mode'), installation.auth_mode && words('auth_mode', installation.auth_mode).words],
    [t('steps.install.at'), installation.installed_at && time(installation.installed_at)],
  ], 'tile-wide');
}

function secretTile(scope, secret) {
  const tone = { accepted: secret.kind_check === 'confirmed' ? 'ok' : 'info', rejected: 'bad', missing: 'idle' }[secret.status];
  return tile(t(`steps.part.${scope}_secret`), badge(tone, words('status', `secret.${secret.status}`).words), `#/${scope.replaceAll('_', '-')}`, [
    [t('steps.secret.corpId'), secret.corp_id && h('code', {}, secret.corp_id)],
    [t('steps.overview.tail'), secret.last_four && h('code', { class: 'masked' }, `••••${secret.last_four}`)],
    [t('steps.overview.kind'), secret.kind_check && words('kind_check', secret.kind_check).words],
    [t('steps.secret.registeredAt'), secret.registered_at && time(secret.registered_at)],
    [t('steps.secret.checkedAt'), secret.checked_at && time(secret.checked_at)],
  ]);
}

function callbackTile(scope, callback) {
  const rejection = callback.last_rejection;
  const tone = { verified: 'ok', awaiting_verification: openRejection(callback) ? 'warn' : 'wait', none: 'idle' }[callback.status];
  const status = callback.rotation_pending ? badge('wait', t('steps.callback.badge.rotating')) : badge(tone, words('status', `callback.${callback.status}`).words);
  return tile(t(`steps.part.${scope}_callback`), status, `#/${scope.replaceAll('_', '-')}`, [
    [t('steps.overview.verifiedAt'), callback.verified_at && time(callback.verified_at)],
    [t('steps.callback.lastEvent'), callback.last_event_at ? time(callback.last_event_at) : callback.status === 'verified' && t('steps.overview.noEvent')],
    [t('steps.callback.received'), callback.status === 'verified' && count(callback.events_received)],
    [t('steps.callback.duplicates'), callback.duplicates > 0 && count(callback.duplicates)],
    [t('steps.overview.lastRefusal'), rejection && [time(rejection.at), ` ${words('rejection', rejection.reason).words}`]],
  ]);
}
