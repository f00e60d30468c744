// What is known of a Secret and of a callback, as pairs of a name and a value: for the overview and for operators.

import { h } from 'preact';
import { words } from '../codes.js';
import { count, t } from '../i18n.js';
import { weightiest } from '../progress.js';
import { time } from './parts.js';

/** @import { CallbackState, Children, SecretState } from '../types.js' */

/** @type {(secret: SecretState) => [string, Children][]} */
export const secretFacts = (secret) => [
  [t('steps.secret.corpId'), secret.corp_id && h('code', null, secret.corp_id)],
  [t('steps.overview.tail'), secret.last_four && h('code', { class: 'masked' }, `••••${secret.last_four}`)],
  [t('steps.secret.registeredAt'), secret.registered_at && time(secret.registered_at)],
  [t('steps.secret.checkedAt'), secret.checked_at && time(secret.checked_at)],
];

/** @type {(callback: CallbackState) => [string, Children][]} */
export function callbackFacts(callback) {
  const refusal = weightiest(callback.refusals);
  return [
    [t('steps.overview.verifiedAt'), callback.verified_at && time(callback.verified_at)],
    [
      t('steps.callback.lastEvent'),
      callback.last_event_at
        ? time(callback.last_event_at)
        : callback.status === 'verified' && t('steps.overview.noEvent'),
    ],
    [t('steps.callback.received'), callback.status === 'verified' && count(callback.events_received)],
    [t('steps.callback.duplicates'), callback.duplicates > 0 && count(callback.duplicates)],
    [t('steps.overview.lastRefusal'), refusal && [time(refusal.at), ` ${words('rejection', refusal.reason).words}`]],
  ];
}
