// 概览: is it healthy, and if not, what to do where; then each of the five parts with its facts.

import { words } from '../codes.js';
import { h, show } from '../dom.js';
import { count, t } from '../i18n.js';
import { callbackBadge, secretBadge } from './badges.js';
import { healthPart } from './health.js';
import { badge, facts, time } from './parts.js';

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
  return tile(t(`steps.part.${scope}_secret`), secretBadge(secret), `#/${scope.replaceAll('_', '-')}`, [
    [t('steps.secret.corpId'), secret.corp_id && h('code', {}, secret.corp_id)],
    [t('steps.overview.tail'), secret.last_four && h('code', { class: 'masked' }, `••••${secret.last_four}`)],
    [t('steps.secret.registeredAt'), secret.registered_at && time(secret.registered_at)],
    [t('steps.secret.checkedAt'), secret.checked_at && time(secret.checked_at)],
  ]);
}

function callbackTile(scope, callback) {
  const rejection = callback.last_rejection;
  return tile(t(`steps.part.${scope}_callback`), callbackBadge(callback), `#/${scope.replaceAll('_', '-')}`, [
    [t('steps.overview.verifiedAt'), callback.verified_at && time(callback.verified_at)],
    [t('steps.callback.lastEvent'), callback.last_event_at ? time(callback.last_event_at) : callback.status === 'verified' && t('steps.overview.noEvent')],
    [t('steps.callback.received'), callback.status === 'verified' && count(callback.events_received)],
    [t('steps.callback.duplicates'), callback.duplicates > 0 && count(callback.duplicates)],
    [t('steps.overview.lastRefusal'), rejection && [time(rejection.at), ` ${words('rejection', rejection.reason).words}`]],
  ]);
}
