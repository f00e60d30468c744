// The four steps, each with its state in colour, icon and word; and 上一步 / 下一步 below a step.

import { h, icon, show } from '../dom.js';
import { t } from '../i18n.js';
import { STEPS, scopeState, stepStates } from '../progress.js';
import { href } from '../router.js';
import { confirm } from './confirm.js';
import { button, linkButton } from './parts.js';

const STATE_ICON = { done: 'check', attention: 'alert', error: 'cross', partial: 'clock' };

export function stepper() {
  const element = h('nav', { class: 'stepper', 'aria-label': t('page.steps') });
  return {
    element,
    update(state, route) {
      const states = stepStates(state);
      show(element, [states, route], () => h('ol', {}, STEPS.map((step, index) => h('li', { class: `step step-${states[step]}` },
        h('a', { href: href(step), 'aria-current': step === route ? 'step' : undefined, 'data-focus': `step-${step}` },
          h('span', { class: 'step-mark', 'aria-hidden': 'true' }, STATE_ICON[states[step]] ? icon(STATE_ICON[states[step]]) : String(index + 1)),
          h('span', { class: 'step-text' },
            h('span', { class: 'step-name' }, t(`page.step.${step}`)),
            h('span', { class: 'step-state' }, t(`page.stepState.${states[step]}`))))))));
    },
  };
}

/** The way on is never blocked: what is left undone is called so, asked about once, and stays on the list. */
export function stepFooter(ctx, step) {
  const element = h('div', { class: 'step-footer' });
  const index = STEPS.indexOf(step);
  const previous = STEPS[index - 1];
  const next = STEPS[index + 1];

  function later(state) {
    const scope = step === 'install' ? null : step;
    const silent = !scope || scopeState(state, scope).callback.status === 'verified' || ctx.drafts.noted(`later.${scope}`);
    return button(t(scope ? 'page.later' : 'page.lookAhead'), {
      focus: 'next',
      onClick: async () => {
        const agreed = silent || await confirm({ title: t('page.later'), lines: [t(`steps.later.${scope}`)], yes: t('steps.later.yes'), no: t('steps.later.no') });
        if (!agreed) return;
        if (scope) ctx.drafts.note(`later.${scope}`, true);
        ctx.router.go(next);
      },
    });
  }

  return {
    element,
    update(state) {
      const done = stepStates(state)[step] === 'done';
      const { callback } = scopeState(state, step) ?? {};
      // What is being pasted comes first, and one button at a time is the one to press.
      const kind = callback?.rotation_pending ? 'secondary' : 'primary';
      show(element, [done, kind, callback?.status], () => [
        previous ? linkButton(t('page.previous'), href(previous), { kind: 'plain', iconName: 'back' }) : h('span', {}),
        next && (done ? linkButton(t('page.next'), href(next), { kind }) : later(state)),
      ]);
    },
  };
}
