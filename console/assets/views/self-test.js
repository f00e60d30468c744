// 自检: calls the callback's URL as WeCom would, before the admin pastes anything; then, on request, a test event.

import { problemWords, words } from '../codes.js';
import { h, icon, show } from '../dom.js';
import { count, t } from '../i18n.js';
import { scopeState } from '../progress.js';
import { button, message, whileBusy, wordsMessage } from './parts.js';

/** WeCom waits this long for the answer. */
const BUDGET_MS = 1_000;

export function selfTest(ctx, scope) {
  const result = h('div', { class: 'self-test-result' });
  const check = button(t('steps.selfTest.run'), { focus: 'self-test', iconName: 'pulse', onClick: () => run(check, false) });
  const send = button(t('steps.selfTest.sendEvent'), { focus: 'test-event', iconName: 'send', onClick: () => run(send, true) });
  const element = h('div', { class: 'self-test' }, h('h4', {}, t('steps.selfTest.title')), h('p', { class: 'note' }, t('steps.selfTest.lead')),
    h('div', { class: 'actions' }, check, send), result);
  send.hidden = true;

  async function run(pressed, sendEvent) {
    await whileBusy(pressed, t(sendEvent ? 'steps.selfTest.sending' : 'steps.selfTest.running'), async () => {
      try {
        const report = await ctx.api.testCallback(scope, sendEvent);
        show(result, [Date.now()], () => outcome(report, sendEvent));
        send.hidden = !report.verified || !knowsCorp();
      } catch (problem) {
        show(result, [Date.now()], () => wordsMessage('bad', problemWords(problem), { code: problem.code, small: [problem.requestId], alert: true }));
      }
    });
    if (sendEvent) await ctx.store.refresh({ fresh: true });
  }

  /** An event names its corporation, so before the Secret there can be none. */
  function knowsCorp() {
    return Boolean(scopeState(ctx.store.snapshot.state, scope).secret.corp_id);
  }

  return {
    element,
    /** What was tested is no longer what there is. */
    forget() {
      send.hidden = true;
      show(result, [], () => null);
    },
  };
}

function outcome(report, sendEvent) {
  const passed = report.verified && report.findings.length === 0;
  const took = report.latency_ms === null ? null : t('steps.selfTest.took', { time: count(report.latency_ms) });
  return [
    h('ul', { class: 'checks', 'aria-label': t('steps.selfTest.checks') },
      line('reachable', report.reachable), line('verified', report.reachable ? report.verified : null),
      line('inTime', report.latency_ms === null ? null : report.latency_ms <= BUDGET_MS, took)),
    report.findings.map((finding) => wordsMessage(finding.code === 'too_slow' ? 'warn' : 'bad', words('test', finding.code), {
      code: finding.code, small: finding.status ? [`HTTP ${finding.status}`] : [], alert: true,
    })),
    passed && !sendEvent && message('ok', t('steps.selfTest.passed'), h('p', {}, t('steps.selfTest.passedHint')), { alert: true }),
    report.event_id && message('ok', t('steps.selfTest.arrived'),
      h('p', {}, t('steps.selfTest.arrivedHint'), ' ', h('a', { class: 'link', href: '#/events' }, t('steps.selfTest.toEvents'))), { alert: true }),
  ];
}

function line(name, isGood, detail) {
  const result = isGood === null ? 'open' : isGood ? 'ok' : 'bad';
  return h('li', { class: `check check-${result}` }, icon({ ok: 'check', bad: 'cross', open: 'dot' }[result]),
    h('span', {}, t(`steps.selfTest.check.${name}`)), h('span', { class: 'check-result' }, detail ?? t(`steps.checks.${result}`)));
}
