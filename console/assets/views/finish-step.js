// ④ 完成配置: what is done, what is missing, what works because of it.

import { problemWords, words } from '../codes.js';
import { h, icon, show } from '../dom.js';
import { t } from '../i18n.js';
import { missing, stepOf } from '../progress.js';
import { badge, button, message, section, whileBusy, wordsMessage } from './parts.js';

export const PARTS = ['install', 'contacts_secret', 'contacts_callback', 'external_contacts_secret', 'external_contacts_callback'];

export function finishStep(ctx) {
  const status = h('span', { class: 'card-status' });
  const summary = h('div', {});
  const abilities = h('div', {});
  const result = h('div', {});
  let refusedFor = null;
  const press = button(t('steps.finish.complete'), { kind: 'primary', focus: 'complete', onClick: complete });

  function update(state) {
    const open = missing(state);
    const done = Boolean(state.completed_at);
    show(status, [done, open.length], () => badge(done ? 'ok' : open.length ? 'wait' : 'info', t(done ? 'steps.finish.badge.done' : open.length ? 'steps.finish.badge.open' : 'steps.finish.badge.ready', { count: open.length })));
    show(summary, [open], () => partsTable(open));
    show(abilities, [open], () => abilityLists(open));
    press.hidden = done;
    // A refusal named what was missing then; once that has changed, the list above says what is.
    if (refusedFor !== null && refusedFor !== open.join()) show(result, [(refusedFor = null)], () => null);
    if (done) show(result, ['done'], () => message('ok', t('steps.finish.done'), h('p', {}, h('a', { class: 'link', href: '#/overview' }, t('steps.finish.toOverview')))));
  }

  async function complete() {
    await whileBusy(press, t('steps.finish.completing'), async () => {
      try {
        await ctx.api.complete();
        await ctx.store.refresh({ fresh: true });
        ctx.router.go('overview');
        ctx.announce(t('page.live.completed'));
      } catch (problem) {
        await ctx.store.refresh({ fresh: true });
        refuse(problem);
      }
    });
  }

  function refuse(problem) {
    const named = problem.missing.length > 0 ? problem.missing : missing(ctx.store.snapshot.state);
    const list = problem.code === 'steps_missing' && h('ul', { class: 'missing' }, named.map((name) => h('li', {},
      h('a', { class: 'link', href: `#/${stepOf(name)}` }, words('next_step', name).words), ' ', words('next_step', name).action)));
    refusedFor = missing(ctx.store.snapshot.state).join();
    show(result, [Date.now()], () => wordsMessage('warn', problemWords(problem), { code: problem.code, small: [problem.requestId], alert: true, extra: list }));
  }

  return {
    element: [section('finish-card', t('steps.finish.title'), status, h('p', { class: 'lead' }, t('steps.finish.lead')), summary, abilities, result, h('div', { class: 'actions' }, press))],
    update,
  };
}

function partsTable(open) {
  return h('ul', { class: 'parts' }, PARTS.map((name) => {
    const isOpen = open.includes(name);
    return h('li', { class: isOpen ? 'part is-open' : 'part' },
      h('span', { class: 'part-name' }, t(`steps.part.${name}`)),
      badge(isOpen ? 'wait' : 'ok', t(isOpen ? 'steps.finish.open' : 'steps.finish.ok')),
      h('a', { class: 'link', href: `#/${stepOf(name)}` }, t(isOpen ? 'steps.finish.handle' : 'steps.finish.view'), h('span', { class: 'sr-only' }, t(`steps.part.${name}`))));
  }));
}

function abilityLists(open) {
  const group = (title, names, iconName) => names.length > 0 && h('div', { class: 'abilities' }, h('h4', {}, title),
    h('ul', {}, names.map((name) => h('li', {}, icon(iconName), h('span', {}, t(`steps.ability.${name}`))))));
  return h('div', { class: 'ability-groups' },
    group(t('steps.finish.works'), PARTS.filter((name) => !open.includes(name)), 'check'),
    group(t('steps.finish.notYet'), PARTS.filter((name) => open.includes(name)), 'clock'));
}
