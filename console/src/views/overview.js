// 概览: is it healthy, and if not, what to do where; then each of the five parts with its facts.

import { h } from 'preact';
import { words } from '../codes.js';
import { t } from '../i18n.js';
import { callbackBadge, secretBadge } from './badges.js';
import { CheckPart } from './check-part.js';
import { healthPart } from './health.js';
import { badge, facts, link, time } from './parts.js';
import { callbackFacts, secretFacts } from './scope-facts.js';

/** @import { CallbackState, Children, Installation, SecretState, State } from '../types.js' */

/** @param {{ state: State }} props */
export function Overview({ state }) {
  const { installation, contacts, external_contacts: external } = state;
  return [
    h('div', { class: 'health' }, healthPart(state)),
    h(CheckPart, { state }),
    h(
      'div',
      { class: 'tiles' },
      installationTile(installation),
      secretTile('contacts', contacts.secret),
      callbackTile('contacts', contacts.callback),
      secretTile('external_contacts', external.secret),
      callbackTile('external_contacts', external.callback),
    ),
  ];
}

/** @type {(title: string, status: Children, href: string, pairs: [string, Children][], className?: string) => Children} */
function tile(title, status, href, pairs, className = '') {
  return h(
    'section',
    { class: `card tile ${className}`.trim() },
    h('div', { class: 'card-head' }, h('h3', null, title), status),
    facts(pairs),
    h('p', { class: 'tile-more' }, link(t('steps.overview.manage'), href, h('span', { class: 'sr-only' }, title))),
  );
}

/** @param {Installation} installation */
function installationTile({ status, auth_mode: mode, corp_name: name, installed_at: at }) {
  const tone = status === 'installed' ? (mode === 'member' ? 'warn' : 'ok') : status === 'cancelled' ? 'bad' : 'idle';
  return tile(
    t('steps.part.install'),
    badge(tone, words('status', `installation.${status}`).words),
    '#/install',
    [
      [t('steps.install.corp'), name],
      [t('steps.install.mode'), mode && words('auth_mode', mode).words],
      [t('steps.install.at'), at && time(at)],
    ],
    'tile-wide',
  );
}

/** @typedef {'contacts' | 'external_contacts'} ScopeName */

/** @type {(scope: ScopeName, secret: SecretState) => Children} */
const secretTile = (scope, secret) =>
  tile(t(`steps.part.${scope}_secret`), secretBadge(secret), way(scope), secretFacts(secret));

/** @type {(scope: ScopeName, callback: CallbackState) => Children} */
const callbackTile = (scope, callback) =>
  tile(t(`steps.part.${scope}_callback`), callbackBadge(callback), way(scope), callbackFacts(callback));

/** @param {ScopeName} scope */
const way = (scope) => `#/${scope.replaceAll('_', '-')}`;
