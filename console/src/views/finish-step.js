// ④ 完成配置: what is done, what is missing, what works because of it.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { words } from '../codes.js';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { missing, stepOf } from '../progress.js';
import { badge, failure, icon, link, message, section, WorkButton } from './parts.js';

/** @import { State } from '../types.js' */

export const PARTS = /** @type {const} */ ([
  'install',
  'contacts_secret',
  'contacts_callback',
  'external_contacts_secret',
  'external_contacts_callback',
]);

/** @param {{ state: State }} props */
export function FinishStep({ state }) {
  const { api, announce, router, store } = useShared();
  /** A refusal named what was missing then; once that has changed, the list above says what is. */
  const [refusal, setRefusal] = useState(/** @type {{ problem: Problem, open: string } | null} */ (null));
  const open = missing(state);
  const parts = state.installation.is_customized_app ? PARTS.slice(0, 1) : PARTS;
  const isDone = state.completed_at !== null;

  async function complete() {
    setRefusal(null);
    try {
      await api.complete();
      await store.refresh({ fresh: true });
      router.go('overview');
      announce(t('page.live.completed'));
    } catch (thrown) {
      const problem = Problem.of(thrown);
      await store.refresh({ fresh: true });
      setRefusal({ problem, open: missing(store.snapshot.peek().state ?? state).join() });
    }
  }

  return section(
    'finish-card',
    t('steps.finish.title'),
    h(
      'span',
      { class: 'card-status' },
      isDone
        ? badge('ok', t('steps.finish.badge.done'))
        : open.length > 0
          ? badge('wait', t('steps.finish.badge.open', { count: open.length }))
          : badge('info', t('steps.finish.badge.ready')),
    ),
    h('p', { class: 'lead' }, t('steps.finish.lead')),
    partsTable(open, parts),
    isDone && message('ok', t('steps.finish.done'), h('p', null, link(t('steps.finish.toOverview'), '#/overview'))),
    !isDone && refusal && refusal.open === open.join() && refused(refusal.problem, open),
    !isDone &&
      h(
        'div',
        { class: 'actions' },
        h(WorkButton, {
          text: t('steps.finish.complete'),
          busyText: t('steps.finish.completing'),
          kind: 'primary',
          focus: 'complete',
          work: complete,
        }),
      ),
    !state.installation.is_customized_app && abilityLists(open),
  );
}

/** @type {(problem: Problem, open: string[]) => import('../types.js').Children} */
function refused(problem, open) {
  const named = problem.missing.length > 0 ? problem.missing : open;
  const list = named.map((name) => {
    const entry = words('next_step', name);
    return h('li', { key: name }, link(entry.words, `#/${stepOf(name)}`), ' ', entry.action);
  });
  return failure(problem, {
    tone: 'warn',
    extra: problem.code === 'steps_missing' && h('ul', { class: 'missing' }, list),
  });
}

/** @type {(open: readonly string[], parts: readonly (typeof PARTS)[number][]) => import('../types.js').Children} */
function partsTable(open, parts) {
  return h(
    'ul',
    { class: 'parts' },
    parts.map((name) => {
      const isOpen = open.includes(name);
      return h(
        'li',
        { class: isOpen ? 'part is-open' : 'part', key: name },
        h('span', { class: 'part-name' }, t(`steps.part.${name}`)),
        badge(isOpen ? 'wait' : 'ok', t(isOpen ? 'steps.finish.open' : 'steps.finish.ok')),
        link(
          t(isOpen ? 'steps.finish.handle' : 'steps.finish.view'),
          `#/${stepOf(name)}`,
          h('span', { class: 'sr-only' }, t(`steps.part.${name}`)),
        ),
      );
    }),
  );
}

/** @param {readonly string[]} open */
function abilityLists(open) {
  /** @type {(title: string, names: string[], iconName: string) => import('../types.js').Children} */
  const group = (title, names, iconName) =>
    names.length > 0 &&
    h(
      'div',
      { class: 'abilities' },
      h('h4', null, title),
      h(
        'ul',
        null,
        names.map((name) => h('li', { key: name }, icon(iconName), h('span', null, t(`steps.ability.${name}`)))),
      ),
    );
  return h(
    'div',
    { class: 'ability-groups' },
    group(
      t('steps.finish.works'),
      PARTS.filter((name) => !open.includes(name)),
      'check',
    ),
    group(
      t('steps.finish.notYet'),
      PARTS.filter((name) => open.includes(name)),
      'clock',
    ),
  );
}
