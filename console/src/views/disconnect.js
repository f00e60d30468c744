// 断开连接: what it ends, and the corporation's name typed, so that nobody does it by mistake.

import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { Question } from './confirm.js';
import { button, failure, field, icon, message, section, useBusy } from './parts.js';

/** @import { Children, State } from '../types.js' */

const CONSEQUENCES = ['events', 'access', 'credentials', 'redo'];

/**
 * The button, with its question, and below it why it did not work. `beside` are further buttons in the same row.
 * @param {{ state: State, kind?: 'plain' | 'danger', beside?: Children }} props
 */
export function DisconnectControl({ state, kind = 'plain', beside }) {
  const { api, bindings, drafts, forget, router, store } = useShared();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, run] = useBusy();
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const name = state.installation.corp_name ?? state.installation.corp_id ?? '';

  async function disconnect() {
    setProblem(null);
    try {
      // A further binding ends with its corporation.
      if (!bindings.isFirst(state)) return await bindings.remove();
      await api.disconnect();
    } catch (thrown) {
      return setProblem(Problem.of(thrown));
    }
    forget();
    drafts.note('disconnected', name);
    router.go('install');
    return store.refresh({ fresh: true });
  }

  return [
    h(
      'div',
      { class: 'actions' },
      beside,
      button(t(isBusy ? 'steps.disconnect.busy' : 'steps.disconnect.begin'), {
        kind,
        focus: 'disconnect',
        busy: isBusy,
        onClick: () => setAsking(!isBusy),
      }),
    ),
    problem && failure(problem),
    isAsking &&
      h(NameQuestion, {
        name,
        onAnswer: (agreed) => {
          setAsking(false);
          if (agreed) void run(disconnect);
        },
      }),
  ];
}

/** The settings' card. @param {{ state: State }} props */
export function DisconnectSection({ state }) {
  if (state.installation.status === 'not_installed') return null;
  return section(
    'settings-disconnect',
    t('steps.disconnect.title'),
    null,
    h('p', { class: 'lead' }, t('steps.disconnect.lead')),
    h(DisconnectControl, { state, kind: 'danger' }),
  );
}

/** What has ended here, and what is left to do in WeCom. @type {(name: string, dismiss: () => void) => Children} */
export function disconnectedMessage(name, dismiss) {
  return message('ok', t('steps.disconnect.done', { corp: name }), [
    h('p', null, t('steps.disconnect.again')),
    h('p', null, t('steps.disconnect.alsoInWecom')),
    h('div', null, button(t('steps.disconnect.dismiss'), { focus: 'dismiss', onClick: dismiss })),
  ]);
}

/** @param {{ name: string, onAnswer: (agreed: boolean) => void }} props */
function NameQuestion({ name, onAnswer }) {
  const [typed, setTyped] = useState('');
  const [isWrong, setWrong] = useState(false);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  return h(Question, {
    title: t('steps.disconnect.ask', { corp: name }),
    yes: t('steps.disconnect.yes'),
    no: t('page.cancel'),
    kind: 'danger',
    onAnswer,
    isRight() {
      if (typed.trim() === name) return true;
      setWrong(true);
      input.current?.focus();
      return false;
    },
    children: [
      h(
        'ul',
        { class: 'consequences' },
        CONSEQUENCES.map((line) =>
          h('li', { key: line }, icon('cross'), h('span', null, t(`steps.disconnect.will.${line}`))),
        ),
      ),
      h('p', null, t('steps.disconnect.alsoInWecom')),
      field({
        id: 'disconnect-name',
        label: t('steps.disconnect.type', { corp: name }),
        error: isWrong ? t('steps.disconnect.wrongName') : null,
        input: {
          type: 'text',
          name: 'corp_name',
          autocomplete: 'off',
          spellcheck: false,
          autofocus: true,
          ref: input,
          value: typed,
          onInput: ({ currentTarget }) => {
            setTyped(currentTarget.value);
            setWrong(false);
          },
        },
      }),
    ],
  });
}
