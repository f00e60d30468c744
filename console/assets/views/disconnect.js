// 断开连接: what it ends, and the corporation's name typed, so that nobody does it by mistake.

import { problemWords } from '../codes.js';
import { h, icon, show } from '../dom.js';
import { t } from '../i18n.js';
import { ask } from './confirm.js';
import { button, field, message, section, whileBusy, wordsMessage } from './parts.js';

const CONSEQUENCES = ['events', 'access', 'credentials', 'redo'];

/** The button and, below it, why it did not work. */
export function disconnectControl(ctx, kind = 'plain') {
  const failure = h('div', {});
  const press = button(t('steps.disconnect.begin'), { kind, focus: 'disconnect', onClick: begin });

  async function begin() {
    const { installation } = ctx.store.snapshot.state;
    const name = installation.corp_name ?? installation.corp_id;
    if (!(await askName(name))) return;
    show(failure, [], () => null);
    await whileBusy(press, t('steps.disconnect.busy'), () => disconnect(name));
  }

  async function disconnect(name) {
    try {
      await ctx.api.disconnect();
    } catch (problem) {
      show(failure, [Date.now()], () => wordsMessage('bad', problemWords(problem), { code: problem.code, small: [problem.requestId], alert: true }));
      return;
    }
    ctx.forget();
    ctx.drafts.note('disconnected', name);
    ctx.router.go('install');
    await ctx.store.refresh({ fresh: true });
  }

  return { button: press, failure };
}

/** The settings' card. */
export function disconnectSection(ctx) {
  const control = disconnectControl(ctx, 'danger');
  const element = section('settings-disconnect', t('steps.disconnect.title'), null,
    h('p', { class: 'lead' }, t('steps.disconnect.lead')), h('div', { class: 'actions' }, control.button), control.failure);
  return { element, update({ installation }) { element.hidden = installation.status === 'not_installed'; } };
}

/** What has ended here, and what is left to do in WeCom. */
export function disconnectedMessage(name, dismiss) {
  return message('ok', t('steps.disconnect.done', { corp: name }), [
    h('p', {}, t('steps.disconnect.again')),
    h('p', {}, t('steps.disconnect.alsoInWecom')),
    h('div', {}, button(t('steps.disconnect.dismiss'), { focus: 'dismiss', onClick: dismiss })),
  ]);
}

function askName(name) {
  const input = h('input', { type: 'text', name: 'corp_name', autocomplete: 'off', spellcheck: 'false', autofocus: true });
  const entry = field({ id: 'disconnect-name', label: t('steps.disconnect.type', { corp: name }), input });
  input.addEventListener('input', entry.calm);
  return ask({
    title: t('steps.disconnect.ask', { corp: name }), yes: t('steps.disconnect.yes'), no: t('page.cancel'), kind: 'danger',
    content: [
      h('ul', { class: 'consequences' }, CONSEQUENCES.map((line) => h('li', {}, icon('cross'), h('span', {}, t(`steps.disconnect.will.${line}`))))),
      h('p', {}, t('steps.disconnect.alsoInWecom')),
      entry.element,
    ],
    isRight() {
      if (input.value.trim() === name) return true;
      entry.complain(t('steps.disconnect.wrongName'));
      input.focus();
      return false;
    },
  });
}
