// ② 通讯录授权 and ③ 外部联系人授权: the same two cards, with other words and, in ③, a choice of Secret first.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { awaitsCheck, isReady, scopeState } from '../progress.js';
import { lasting } from '../storage.js';
import { CallbackCard } from './callback-card.js';
import { PermissionsCard } from './permissions-card.js';
import { SecretCard } from './secret-card.js';

/** @import { VNode } from 'preact' */
/** @import { Scope, SecretKind, State } from '../types.js' */

/** The server does not know which Secret it is, so this browser remembers, also for the day when it is replaced. */
const CHOICE = 'wecom-authorization.secret-kind';
const KINDS = /** @type {const} */ (['customer', 'app']);

/** @type {(scope: Scope) => SecretKind} */
function kindOf(scope) {
  if (scope === 'contacts') return 'contacts';
  return lasting.getItem(CHOICE) === 'app' ? 'app' : 'customer';
}

/** The help that fits what is open. @type {(state: State, scope: Scope) => string} */
export function scopeTopic(state, scope) {
  const { secret, callback } = scopeState(state, scope);
  return `${kindOf(scope)}-${secret.status === 'accepted' && awaitsCheck(callback) ? 'callback' : 'secret'}`;
}

/** @param {{ state: State }} props */
export function ContactsStep({ state }) {
  return inOrder(
    state,
    'contacts',
    [h(SecretCard, { key: 'secret', state, scope: 'contacts', kind: 'contacts' })],
    h(CallbackCard, { key: 'callback', state, scope: 'contacts', kind: 'contacts' }),
  );
}

/** @param {{ state: State }} props */
export function ExternalContactsStep({ state }) {
  const { guide } = useShared();
  const [kind, setKind] = useState(kindOf('external-contacts'));

  /** @param {SecretKind} chosen */
  function choose(chosen) {
    lasting.setItem(CHOICE, chosen);
    setKind(chosen);
    guide.suggest(`${chosen}-secret`);
  }

  return inOrder(
    state,
    'external-contacts',
    [
      h(
        'fieldset',
        { key: 'choice', class: 'choice card' },
        h('legend', null, t('steps.choice.title')),
        KINDS.map((name) =>
          h(
            'label',
            { class: 'choice-card', key: name },
            h('input', {
              type: 'radio',
              name: 'kind',
              value: name,
              checked: kind === name,
              onChange: () => choose(name),
            }),
            h(
              'span',
              null,
              h('strong', null, t(`steps.choice.${name}.name`)),
              h('span', { class: 'quiet' }, t(`steps.choice.${name}.when`)),
            ),
          ),
        ),
        kind === 'app' &&
          h(
            'ol',
            { class: 'numbered checklist', 'aria-label': t('steps.choice.checklist') },
            ['create', 'allow', 'range', 'event'].map((name) => h('li', { key: name }, t(`steps.choice.do.${name}`))),
          ),
      ),
      h(SecretCard, { key: 'secret', state, scope: 'external-contacts', kind }),
    ],
    h(CallbackCard, { key: 'callback', state, scope: 'external-contacts', kind }),
  );
}

/**
 * What is to be done comes first: the values, while WeCom is to verify them; with a customised app its permissions, and the rest is
 * the old way.
 * @type {(state: State, scope: Scope, secret: VNode[], callback: VNode) => VNode[]}
 */
function inOrder(state, scope, secret, callback) {
  const { secret: entered, callback: url } = scopeState(state, scope);
  const cards = entered.status === 'accepted' && awaitsCheck(url) ? [callback, ...secret] : [...secret, callback];
  if (!state.installation.is_customized_app || !isReady(state)) return cards;
  return [
    h(PermissionsCard, { key: 'permissions', state, scope }),
    h(
      'details',
      { key: 'old', class: 'old-way', open: entered.status !== 'missing' },
      h('summary', null, t('steps.permissions.old')),
      h('p', { class: 'quiet' }, t('steps.permissions.oldWhy')),
      cards,
    ),
  ];
}
