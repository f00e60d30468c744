// 回填信息: the three values for WeCom's console, and what WeCom has done with them since.

import { problemWords, words } from '../codes.js';
import { h, icon, show } from '../dom.js';
import { count, moment, t } from '../i18n.js';
import { isReady, openRejection, scopeState } from '../progress.js';
import { callbackBadge } from './badges.js';
import { confirm } from './confirm.js';
import { domainForm } from './domain-form.js';
import { selfTest } from './self-test.js';
import { button, facts, message, outwardLink, section, spinner, time, whileBusy, wordsMessage } from './parts.js';
import { hiddenRows, valueRows } from './values.js';

const REVEALED_FOR_MS = 60_000;
const CONSOLE = 'https://work.weixin.qq.com/wework_admin/frame#';
const PLACE = { contacts: 'apps/contactsApi', customer: 'customer/analysis', app: 'apps' };

/** `kind()` is `contacts`, `customer` or `app`: where in WeCom's console the values belong. */
export function callbackCard(ctx, scope, kind) {
  const status = h('span', { class: 'card-status' });
  const lead = h('div', {});
  const values = h('div', {});
  const refused = h('div', {});
  const live = h('div', {});
  const checked = h('span', {});
  const help = h('div', {});
  const domain = domainForm(ctx, scope);
  const test = selfTest(ctx, scope);
  let asking = false;
  let failed = null;
  let hideTimer = null;
  let before = null;
  let rotated = false;

  function update(state) {
    const { callback } = scopeState(state, scope);
    const phase = callback.rotation_pending ? 'rotating' : callback.status;
    const open = openRejection(callback);
    noteChange(phase, callback);
    show(status, [phase, open?.at, callback.last_event_at], () => callbackBadge(callback));
    show(lead, [phase, kind(), isReady(state), callback.verified_at, callback.last_event_at, callback.events_received, callback.duplicates, rotated], () => leading(phase, callback, isReady(state)));
    showValues(state, phase, callback);
    showLive(phase, open);
    show(help, [phase === 'awaiting_verification' || phase === 'rotating'], () => (phase === 'awaiting_verification' || phase === 'rotating' ? troubles() : null));
    domain.update(state);
  }

  /** What was tested, and what is said about a rotation, is about the values as they were. */
  function noteChange(phase, callback) {
    const now = JSON.stringify([phase, callback.url, callback.generation]);
    if (before === now) return;
    const was = before && JSON.parse(before)[0];
    rotated = was === 'rotating' && phase === 'verified';
    before = now;
    test.forget();
    test.element.hidden = phase === 'none';
  }

  function leading(phase, callback, ready) {
    if (phase === 'none' && !ready) return h('p', { class: 'lead' }, t('steps.callback.afterInstall'));
    if (phase === 'none') {
      const make = button(t('steps.callback.generate'), { focus: 'generate', onClick: () => whileBusy(make, t('steps.callback.generating'), () => obtain()) });
      return [h('p', { class: 'lead' }, t('steps.callback.noneYet')), h('div', { class: 'actions' }, make)];
    }
    if (phase === 'verified') return [
      rotated && message('ok', t('steps.rotation.done'), h('p', {}, t('steps.rotation.doneHint'))),
      message('ok', t('steps.callback.verified', { time: moment(callback.verified_at) }), h('p', {}, t(callback.last_event_at ? 'steps.callback.receiving' : 'steps.callback.noEventYet'))),
      facts([
        [t('steps.callback.lastEvent'), callback.last_event_at && time(callback.last_event_at)],
        [t('steps.callback.received'), count(callback.events_received)],
        [t('steps.callback.duplicates'), callback.duplicates > 0 && count(callback.duplicates)],
      ], { short: true }),
    ];
    return [
      phase === 'rotating' && message('info', t('steps.callback.rotating'), h('p', {}, t('steps.callback.rotatingNote'))),
      h('p', { class: 'lead' }, t(`steps.callback.paste.${kind()}`)),
    ];
  }

  function showValues(state, phase, callback) {
    const due = phase === 'awaiting_verification' || phase === 'rotating';
    const credentials = ctx.credentials.of(scope, state);
    if (due && !ctx.credentials.current(scope, state) && !asking && !failed) obtain();
    show(values, [phase, kind(), credentials, failed?.code, callback.url], () => {
      if (failed) return wordsMessage('bad', problemWords(failed, scope), { code: failed.code, small: [failed.requestId], alert: true, extra: button(t('page.retry'), { onClick: () => obtain() }) });
      if (credentials) return [
        valueRows(credentials, ctx.announce, due
          ? outwardLink(t('page.openConsole'), CONSOLE + PLACE[kind()], 'primary')
          : button(t('steps.callback.hide'), { focus: 'reveal', onClick: conceal })),
        !due && h('p', { class: 'note' }, t('steps.callback.revealed')),
      ];
      if (due) return spinner(t('steps.callback.loading'));
      return phase === 'verified' && verifiedRows(callback);
    });
  }

  function verifiedRows(callback) {
    const reveal = button(t('steps.callback.show'), { focus: 'reveal', iconName: 'eye', onClick: () => whileBusy(reveal, t('steps.callback.loading'), () => attempt(() => ctx.credentials.reveal(scope)).then(hideLater)) });
    const rotate = button(t('steps.callback.rotate'), { focus: 'rotate', iconName: 'refresh', onClick: () => askRotation(rotate) });
    return [hiddenRows(callback.url, ctx.announce), h('div', { class: 'actions' }, reveal, rotate)];
  }

  function showLive(phase, open) {
    const due = phase === 'awaiting_verification' || phase === 'rotating';
    show(refused, [due, open?.at, open?.reason, kind()], () => due && open && refusedMessage(open, kind()));
    show(live, [due], () => due && waitingBar(ctx, checked));
    if (due) {
      const at = ctx.store.snapshot.checkedAt;
      checked.textContent = t(ctx.store.watching ? 'steps.callback.checked' : 'steps.callback.paused', { time: at ? moment(new Date(at).toISOString()) : '' });
    }
  }

  function troubles() {
    const item = (name, ...content) => h('details', { class: 'question' }, h('summary', {}, icon('chevron'), h('span', {}, t(`steps.trouble.${name}.q`))), h('p', {}, t(`steps.trouble.${name}.a`)), content);
    return [h('h4', {}, t('steps.trouble.title')), h('div', { class: 'questions' }, item('nothing'), item('domain', domain.element), item('echo'))];
  }

  /** Runs a call whose failure belongs in this card. */
  async function attempt(work) {
    asking = true;
    try {
      await work();
      failed = null;
    } catch (problem) {
      failed = problem;
    }
    asking = false;
    update(ctx.store.snapshot.state);
  }

  async function obtain() {
    failed = null;
    await attempt(() => ctx.credentials.fetch(scope, ctx.store.snapshot.state));
    await ctx.store.refresh({ fresh: true });
    ctx.store.expect();
  }

  async function askRotation(pressed) {
    const agreed = await confirm({
      title: t('steps.rotation.title'), lines: [t('steps.rotation.keeps'), t('steps.rotation.then')], yes: t('steps.rotation.yes'), no: t('page.cancel'),
    });
    if (!agreed) return;
    await whileBusy(pressed, t('steps.callback.generating'), () => attempt(() => ctx.credentials.rotate(scope)));
    await ctx.store.refresh({ fresh: true });
    ctx.store.expect();
  }

  function hideLater() {
    clearTimeout(hideTimer);
    hideTimer = setTimeout(conceal, REVEALED_FOR_MS);
  }

  function conceal() {
    clearTimeout(hideTimer);
    if (!ctx.credentials.isRevealed(scope)) return;
    ctx.credentials.drop(scope);
    if (ctx.store.snapshot.state) update(ctx.store.snapshot.state);
  }

  const element = section(`callback-${scope}`, t('steps.callback.title'), status, lead, refused, values, live, test.element, help);
  return { element, update, leave: conceal };
}

/** What WeCom's last request came to, in words, with the time and the way out. */
function refusedMessage(rejection, kind) {
  const entry = words('rejection', rejection.reason, kind);
  if (rejection.reason === 'opened_in_browser') return wordsMessage('info', entry, { code: rejection.reason });
  return wordsMessage('warn', entry, { code: rejection.reason, title: [time(rejection.at), ' ', entry.words] });
}

function waitingBar(ctx, checked) {
  return h('div', { class: 'waiting' },
    h('div', { class: 'waiting-track', 'aria-hidden': 'true' }, h('span', {})),
    h('div', { class: 'waiting-text' },
      h('p', {}, h('strong', {}, t('steps.callback.waiting'))),
      h('p', { class: 'quiet' }, checked, ' ', h('button', { type: 'button', class: 'link', 'data-focus': 'check-now', on: { click: () => { ctx.store.refresh(); ctx.store.expect(); } } }, t('steps.callback.checkNow')))));
}
