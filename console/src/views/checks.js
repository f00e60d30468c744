// How far WeCom's check of a Secret came, line by line.

import { h } from 'preact';
import { t } from '../i18n.js';
import { icon } from './parts.js';

/** @typedef {{ match?: 'ok' | 'bad', installed?: 'ok' | 'bad', kind?: 'ok' | 'bad' | 'open' }} Checks */

/** How far WeCom's check came, as far as its answer tells. @type {Record<string, Checks | undefined>} */
export const REFUSED_CHECKS = {
  unknown_corp_id: { match: 'bad' },
  secret_rejected: { match: 'bad' },
  corp_mismatch: { installed: 'bad' },
  wrong_secret_kind: { match: 'ok', installed: 'ok', kind: 'bad' },
};

/** @param {Checks} known */
export function checks(known) {
  return h(
    'ul',
    { class: 'checks', 'aria-label': t('steps.checks.title') },
    /** @type {const} */ (['match', 'installed', 'kind']).map((name) => {
      const result = known[name] ?? 'open';
      return h(
        'li',
        { class: `check check-${result}`, key: name },
        icon({ ok: 'check', bad: 'cross', open: 'dot' }[result]),
        h('span', null, t(`steps.checks.${name}`)),
        h('span', { class: 'check-result' }, t(`steps.checks.${result}`)),
      );
    }),
  );
}
