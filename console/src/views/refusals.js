// 被拒绝的请求: what was refused on a callback, merged by reason and source address.

import { h } from 'preact';
import { words } from '../codes.js';
import { count, t } from '../i18n.js';
import { question, time } from './parts.js';

/** @import { Refusal, SecretKind } from '../types.js' */

/** @param {{ refusals: Refusal[], kind: SecretKind }} props */
export function Refusals({ refusals, kind }) {
  if (refusals.length === 0) return null;
  return h(
    'div',
    { class: 'questions' },
    question(
      `${t('steps.callback.refusals.title')} (${count(refusals.length)})`,
      h('p', null, t('steps.callback.refusals.note')),
      h(
        'ul',
        { class: 'refusals' },
        refusals.map((refusal) => row(refusal, kind)),
      ),
    ),
  );
}

/** @type {(refusal: Refusal, kind: SecretKind) => import('../types.js').Children} */
function row({ at, reason, source_ip: address, receive_id: corporation, count: times }, kind) {
  return h(
    'li',
    { key: `${reason} ${address} ${corporation}` },
    time(at),
    h('span', null, words('rejection', reason, kind).words),
    h(
      'span',
      { class: 'quiet' },
      address ? t('steps.callback.refusals.address', { address }) : t('steps.callback.refusals.unknown'),
    ),
    corporation && h('span', { class: 'quiet' }, t('steps.callback.refusals.corporation', { corporation })),
    h('span', { class: 'refusal-times' }, t('steps.callback.refusals.times', { count: count(times) })),
  );
}
