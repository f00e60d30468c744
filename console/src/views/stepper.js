// The four steps, each with its state in colour, icon and word; and 上一步 / 下一步 below a step.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { STEPS, scopeState, stepStates } from '../progress.js';
import { href } from '../router.js';
import { lines, Question } from './confirm.js';
import { button, icon, linkButton } from './parts.js';

/** @import { State, Step, StepState } from '../types.js' */

/** @type {Partial<Record<StepState, string>>} */
const STATE_ICON = { done: 'check', attention: 'alert', error: 'cross', partial: 'clock' };

/** @param {{ state: State, step: Step }} props */
export function Stepper({ state, step: current }) {
  const states = stepStates(state);
  return h(
    'nav',
    { class: 'stepper', 'aria-label': t('page.steps') },
    h(
      'ol',
      null,
      STEPS.map((step, index) => {
        const mark = STATE_ICON[states[step]];
        return h(
          'li',
          { class: `step step-${states[step]}`, key: step },
          h(
            'a',
            { href: href(step), 'aria-current': step === current ? 'step' : undefined, 'data-focus': `step-${step}` },
            h('span', { class: 'step-mark', 'aria-hidden': 'true' }, mark ? icon(mark) : String(index + 1)),
            h(
              'span',
              { class: 'step-text' },
              h('span', { class: 'step-name' }, t(`page.step.${step}`)),
              h('span', { class: 'step-state' }, t(`page.stepState.${states[step]}`)),
            ),
          ),
        );
      }),
    ),
  );
}

/** The way on is never blocked: what is left undone is called so, asked about once, and stays on the list. @param {{ state: State, step: Step }} props */
export function StepFooter({ state, step }) {
  const { drafts, router } = useShared();
  const [isAsking, setAsking] = useState(false);
  const index = STEPS.indexOf(step);
  const previous = STEPS[index - 1];
  const next = STEPS[index + 1];
  const scope = step === 'contacts' || step === 'external-contacts' ? step : null;
  const callback = scope && scopeState(state, scope).callback;

  function later() {
    if (!next) return;
    if (!scope || callback?.status === 'verified' || drafts.noted(`later.${scope}`)) router.go(next);
    else setAsking(true);
  }

  /** @param {boolean} agreed */
  function answer(agreed) {
    setAsking(false);
    if (!agreed || !next) return;
    drafts.note(`later.${scope}`, true);
    router.go(next);
  }

  return h(
    'div',
    { class: 'step-footer' },
    previous ? linkButton(t('page.previous'), href(previous), { kind: 'plain', iconName: 'back' }) : h('span', null),
    next &&
      (stepStates(state)[step] === 'done'
        ? // What is being pasted comes first, and one button at a time is the one to press.
          linkButton(t('page.next'), href(next), { kind: callback?.rotation_pending ? 'secondary' : 'primary' })
        : button(t(scope ? 'page.later' : 'page.lookAhead'), { focus: 'next', onClick: later })),
    isAsking &&
      h(Question, {
        title: t('page.later'),
        yes: t('steps.later.yes'),
        no: t('steps.later.no'),
        onAnswer: answer,
        children: lines(t(`steps.later.${scope}`)),
      }),
  );
}
