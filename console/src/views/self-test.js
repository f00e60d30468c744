// 自检: calls the callback's URL as WeCom would, before the admin pastes anything; then, on request, a test event.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { words } from '../codes.js';
import { useShared } from '../context.js';
import { count, t } from '../i18n.js';
import { Problem } from '../problem.js';
import { scopeState } from '../progress.js';
import { failure, icon, link, message, WorkButton, wordsMessage } from './parts.js';

/** @import { Scope, State, TestReport } from '../types.js' */

/** WeCom waits this long for the answer. */
const BUDGET_MS = 1_000;

/** @typedef {{ report: TestReport, sendEvent: boolean } | { problem: Problem } | null} Outcome */

/** @param {{ state: State, scope: Scope }} props */
export function SelfTest({ state, scope }) {
  const { api, store } = useShared();
  const [outcome, setOutcome] = useState(/** @type {Outcome} */ (null));
  // An event names its corporation, so before the Secret there can be none.
  const canSend = outcome && 'report' in outcome && outcome.report.verified && scopeState(state, scope).secret.corp_id;

  /** @param {boolean} sendEvent */
  async function run(sendEvent) {
    try {
      const report = await api.testCallback(scope, sendEvent);
      setOutcome({ report, sendEvent });
    } catch (thrown) {
      setOutcome({ problem: Problem.of(thrown) });
    }
    if (sendEvent) await store.refresh({ fresh: true });
  }

  return h(
    'div',
    { class: 'self-test' },
    h('h4', null, t('steps.selfTest.title')),
    h('p', { class: 'note' }, t('steps.selfTest.lead')),
    h(
      'div',
      { class: 'actions' },
      h(WorkButton, {
        key: 'check',
        text: t('steps.selfTest.run'),
        busyText: t('steps.selfTest.running'),
        focus: 'self-test',
        iconName: 'pulse',
        work: () => run(false),
      }),
      canSend &&
        h(WorkButton, {
          key: 'send',
          text: t('steps.selfTest.sendEvent'),
          busyText: t('steps.selfTest.sending'),
          focus: 'test-event',
          iconName: 'send',
          work: () => run(true),
        }),
    ),
    outcome &&
      h('div', { class: 'self-test-result' }, 'problem' in outcome ? failure(outcome.problem) : reportOf(outcome)),
  );
}

/** @param {{ report: TestReport, sendEvent: boolean }} outcome */
function reportOf({ report, sendEvent }) {
  const { reachable, verified, latency_ms: latency, findings, event_id: eventId } = report;
  return [
    h(
      'ul',
      { class: 'checks', 'aria-label': t('steps.selfTest.checks') },
      line('reachable', reachable),
      line('verified', reachable ? verified : null),
      line(
        'inTime',
        latency === null ? null : latency <= BUDGET_MS,
        latency === null ? null : t('steps.selfTest.took', { time: count(latency) }),
      ),
    ),
    findings.map((finding) =>
      wordsMessage(finding.code === 'too_slow' ? 'warn' : 'bad', words('test', finding.code), {
        code: finding.code,
        small: [finding.status && `HTTP ${finding.status}`],
        alert: true,
      }),
    ),
    verified &&
      findings.length === 0 &&
      !sendEvent &&
      message('ok', t('steps.selfTest.passed'), h('p', null, t('steps.selfTest.passedHint')), { alert: true }),
    eventId &&
      message(
        'ok',
        t('steps.selfTest.arrived'),
        h('p', null, t('steps.selfTest.arrivedHint'), ' ', link(t('steps.selfTest.toEvents'), '#/events')),
        {
          alert: true,
        },
      ),
  ];
}

/** @type {(name: string, isGood: boolean | null, detail?: string | null) => import('../types.js').Children} */
function line(name, isGood, detail) {
  const result = isGood === null ? 'open' : isGood ? 'ok' : 'bad';
  return h(
    'li',
    { class: `check check-${result}` },
    icon({ ok: 'check', bad: 'cross', open: 'dot' }[result]),
    h('span', null, t(`steps.selfTest.check.${name}`)),
    h('span', { class: 'check-result' }, detail ?? t(`steps.checks.${result}`)),
  );
}
