// The state of each part in a word, the same on its step and on the overview.

import { words } from '../codes.js';
import { t } from '../i18n.js';
import { openRefusal } from '../progress.js';
import { badge } from './parts.js';

/** @import { CallbackState, SecretState } from '../types.js' */

const SECRET_TONES = /** @type {const} */ ({ accepted: 'ok', rejected: 'bad', missing: 'idle' });

/** @param {SecretState} secret */
export function secretBadge({ status, kind_check: kindCheck }) {
  if (status === 'accepted' && kindCheck !== 'confirmed') return badge('info', words('kind_check', kindCheck).words);
  return badge(SECRET_TONES[status], words('status', `secret.${status}`).words);
}

/** @param {CallbackState} callback */
export function callbackBadge(callback) {
  if (callback.rotation_pending) return badge('wait', t('steps.callback.badge.rotating'));
  if (callback.status === 'verified') {
    return badge('ok', t(callback.last_event_at ? 'steps.callback.badge.receiving' : 'steps.callback.badge.verified'));
  }
  if (callback.status === 'none') return badge('idle', t('steps.callback.badge.none'));
  const refusal = openRefusal(callback);
  if (refusal && refusal.reason !== 'opened_in_browser') return badge('warn', t('steps.callback.badge.refused'));
  return badge('wait', t('steps.callback.badge.waiting'));
}
