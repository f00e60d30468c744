// Several corporations: the switch between them, adding one, and leaving one that has not been installed.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { failure, section, WorkButton } from './parts.js';

/** @import { Binding, State } from '../types.js' */

/** @param {Binding} binding */
const nameOf = (binding) => binding.corp_name ?? binding.corp_id ?? t('page.binding.none');

/** The corporations to choose from. @param {{ state: State }} props */
export function BindingSwitch({ state }) {
  const { bindings } = useShared();
  return h(
    'span',
    { class: 'binding' },
    h('label', { for: 'binding' }, t('page.binding.label')),
    h(
      'select',
      {
        id: 'binding',
        'data-focus': 'binding',
        value: state.binding_id,
        onChange: (/** @type {Event} */ { currentTarget }) =>
          bindings.choose(/** @type {HTMLSelectElement} */ (currentTarget).value),
      },
      bindings.list.value.map((binding) =>
        h('option', { key: binding.binding_id, value: binding.binding_id }, nameOf(binding)),
      ),
    ),
  );
}

/** The settings' card. */
export function AddBindingSection() {
  const { bindings } = useShared();
  return section(
    'settings-binding',
    t('page.binding.addTitle'),
    null,
    h('p', { class: 'lead' }, t('page.binding.addLead')),
    h(BindingAction, {
      text: t('page.binding.add'),
      kind: 'secondary',
      focus: 'binding-add',
      work: bindings.add,
    }),
  );
}

/** The way back from a further corporation that has not been installed. @param {{ state: State }} props */
export function LeaveBinding({ state }) {
  const { bindings } = useShared();
  if (bindings.isFirst(state) || state.installation.status !== 'not_installed') return null;
  return h(BindingAction, {
    text: t('page.binding.leave'),
    kind: 'plain',
    focus: 'binding-leave',
    work: bindings.remove,
  });
}

/** @param {{ text: string, kind: 'plain' | 'secondary', focus: string, work: () => Promise<void> }} props */
function BindingAction({ text, kind, focus, work }) {
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  return [
    h(
      'div',
      { class: 'actions' },
      h(WorkButton, {
        text,
        busyText: t('page.binding.busy'),
        kind,
        focus,
        work: () => work().catch((thrown) => setProblem(Problem.of(thrown))),
      }),
    ),
    problem && failure(problem),
  ];
}
