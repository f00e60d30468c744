// 立即复查: what WeCom has to be asked about again, after the admin has put it right there.

import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { scopeOf } from '../codes.js';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { failure, message, retryText, WorkButton } from './parts.js';

/** @import { Children, Finding, Scope, State } from '../types.js' */

/** The findings that WeCom's answer can end. A refused Secret is not asked about again: it has to be entered again. @type {Finding['code'][]} */
const ENDED_BY_WECOM = [
  'member_authorization',
  'visible_range_empty',
  'permission_missing',
  'permission_expiring',
  'licence_missing',
  'licence_expiring',
  'app_not_published',
  'customized_app_disabled',
  'ip_not_trusted',
  'app_disabled',
  'secret_kind_unconfirmed',
  'secret_missing',
];

/** Of everything, or within the card of one scope. @param {{ state: State, scope?: Scope }} props */
export function CheckPart({ state, scope }) {
  const { api, store } = useShared();
  const [answer, setAnswer] = useState(/** @type {Problem | 'done' | null} */ (null));
  // Once it was pressed the button stays until the view is left, and with it the focus, also when nothing is left to be checked.
  const presses = useRef(0);
  const open = openFindings(state, scope);
  if (open === 0 && presses.current === 0) return null;

  async function check() {
    setAnswer(null);
    presses.current += 1;
    try {
      await api.checkAuthorization();
      await store.refresh({ fresh: true });
      setAnswer('done');
    } catch (thrown) {
      const problem = Problem.of(thrown);
      await store.refresh({ fresh: true });
      setAnswer(problem);
    }
  }

  const parts = [
    scope ? h('strong', null, t('steps.check.title')) : h('h3', { id: 'check-title' }, t('steps.check.title')),
    h('p', { class: 'quiet' }, t('steps.check.lead')),
    h(
      'div',
      { class: 'actions' },
      h(WorkButton, { text: t('steps.check.now'), busyText: t('steps.check.busy'), focus: 'check', work: check }),
    ),
    // Another press gives another element, so that the same outcome is read out again.
    answer && h('div', { key: presses.current }, outcome(answer, open, state)),
  ];
  return scope
    ? h('div', { class: 'recheck' }, parts)
    : h('section', { class: 'card recheck', 'aria-labelledby': 'check-title' }, parts);
}

/** @type {(answer: Problem | 'done', open: number, state: State) => Children} */
function outcome(answer, open, state) {
  if (answer instanceof Problem)
    return failure(answer, {
      context: 'check',
      extra: answer.retryAt !== null && h('p', null, retryText(answer.retryAt)),
    });
  if (state.installation.status !== 'installed') return message('bad', t('steps.check.over'), null, { alert: true });
  return open === 0
    ? message('ok', t('steps.check.right'), null, { alert: true })
    : message('warn', t('steps.check.open'), h('p', null, t('steps.check.openWhy')), { alert: true });
}

/** @type {(state: State, scope: Scope | undefined) => number} */
function openFindings({ findings }, scope) {
  const name = scope?.replaceAll('-', '_');
  const isOpen = (/** @type {Finding} */ finding) =>
    ENDED_BY_WECOM.includes(finding.code) && (!name || scopeOf(finding) === name);
  return findings.filter(isOpen).length;
}
