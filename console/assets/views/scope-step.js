// ② 通讯录授权 and ③ 外部联系人授权: the same two cards, with other words and, in ③, a choice of Secret first.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { awaitsCheck, scopeState } from '../progress.js';
import { callbackCard } from './callback-card.js';
import { secretCard } from './secret-card.js';

/** Which Secret it is, the server is not told; so this browser remembers, also for the day when it is replaced. */
const CHOICE = 'wecom-authorization.secret-kind';

export function contactsStep(ctx) {
  const kind = () => 'contacts';
  return cards(ctx, 'contacts', kind, []);
}

export function externalContactsStep(ctx) {
  const kind = () => (globalThis.localStorage.getItem(CHOICE) === 'app' ? 'app' : 'customer');
  const choice = h('fieldset', { class: 'choice card' }, h('legend', {}, t('steps.choice.title')), ['customer', 'app'].map((name) => {
    const input = h('input', { type: 'radio', name: 'kind', value: name, checked: kind() === name, on: { change: () => choose(name) } });
    return h('label', { class: 'choice-card' }, input, h('span', {},
      h('strong', {}, t(`steps.choice.${name}.name`)), h('span', { class: 'quiet' }, t(`steps.choice.${name}.when`))));
  }));
  const checklist = h('ol', { class: 'numbered checklist', 'aria-label': t('steps.choice.checklist') }, ['create', 'allow', 'range', 'event'].map((name) => h('li', {}, t(`steps.choice.do.${name}`))));
  choice.append(checklist);
  const step = cards(ctx, 'external-contacts', kind, [choice]);
  checklist.hidden = kind() !== 'app';

  function choose(name) {
    globalThis.localStorage.setItem(CHOICE, name);
    checklist.hidden = name !== 'app';
    ctx.guide.suggest(`${name}-secret`);
    if (ctx.store.snapshot.state) step.update(ctx.store.snapshot.state);
  }

  return step;
}

function cards(ctx, scope, kind, before) {
  const secret = secretCard(ctx, scope, kind);
  const callback = callbackCard(ctx, scope, kind);
  return {
    element: [...before, secret.element, callback.element],
    update(state) {
      secret.update(state);
      callback.update(state);
    },
    leave: callback.leave,
    /** The help that fits what is open. */
    topic(state) {
      const { secret: entered, callback: url } = scopeState(state, scope);
      return entered.status === 'accepted' && awaitsCheck(url) ? `${kind()}-callback` : `${kind()}-secret`;
    },
  };
}
