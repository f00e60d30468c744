// 审计: who did what, when, from where, and how it ended; newest first. Nothing secret is ever part of it.

import { problemWords, scopeName, words } from '../codes.js';
import { h, show } from '../dom.js';
import { find, t } from '../i18n.js';
import { badge, button, message, spinner, time, whileBusy, wordsMessage } from './parts.js';

const PAGE = 50;
const EXPORT_PAGE = 100;

export function audit(ctx) {
  const list = h('div', { class: 'event-list' });
  const again = button(t('audit.refresh'), { iconName: 'refresh', onClick: () => whileBusy(again, t('audit.loading'), begin) });
  const save = button(t('audit.export'), { iconName: 'download', focus: 'export', onClick: () => whileBusy(save, t('audit.exporting'), exportAll) });
  let rows = [];
  let cursor = null;

  async function begin() {
    rows = [];
    cursor = null;
    show(list, ['loading', Date.now()], () => spinner(t('audit.loading')));
    await more();
  }

  async function more() {
    try {
      const page = await ctx.api.readAudit({ limit: PAGE, cursor });
      rows = [...rows, ...page.entries];
      cursor = page.next_cursor ?? null;
      show(list, [rows, cursor], listing);
      ctx.announce(t(cursor ? 'audit.shownSoFar' : 'audit.shownAll', { count: rows.length }));
    } catch (problem) {
      refuse(problem);
    }
  }

  function refuse(problem) {
    show(list, [Date.now()], () => wordsMessage('bad', problemWords(problem), { code: problem.code, small: [problem.requestId], alert: true }));
  }

  function listing() {
    if (rows.length === 0) return message('info', t('audit.none'), h('p', {}, t('audit.noneHint')));
    const next = button(t('audit.more'), { focus: 'more', onClick: () => whileBusy(next, t('audit.loading'), more) });
    return [
      h('p', { class: 'quiet' }, t(cursor ? 'audit.shownSoFar' : 'audit.shownAll', { count: rows.length })),
      h('ul', { class: 'event-rows' }, rows.map(auditRow)),
      cursor && h('div', { class: 'actions' }, next),
    ];
  }

  /** The whole trail, one JSON object a line. */
  async function exportAll() {
    const lines = [];
    let from = null;
    try {
      do {
        const page = await ctx.api.readAudit({ limit: EXPORT_PAGE, cursor: from });
        lines.push(...page.entries.map((entry) => `${JSON.stringify(entry)}\n`));
        from = page.next_cursor ?? null;
      } while (from);
    } catch (problem) {
      return refuse(problem);
    }
    download(lines, `wecom-authorization-audit-${new Date().toISOString().slice(0, 10)}.jsonl`);
    return ctx.announce(t('audit.exported', { count: lines.length }));
  }

  begin();
  return {
    element: [h('section', { class: 'card', 'aria-labelledby': 'audit-title' },
      h('div', { class: 'card-head' }, h('h3', { id: 'audit-title' }, t('audit.title')), h('div', { class: 'actions' }, again, save)), list)],
    update() {},
  };
}

function auditRow({ at, action, scope, actor, outcome, code, details }) {
  const more = [
    ...Object.entries(details ?? {}).map(([name, value]) => detail(name, value)),
    outcome === 'refused' && code && `${words('error', code, scope?.replaceAll('_', '-')).words} (${code})`,
  ].filter(Boolean);
  return h('li', { class: 'audit' },
    h('span', { class: 'event-time' }, time(at)),
    h('span', { class: 'audit-what' },
      h('strong', {}, scope && `${scopeName(scope)}${t('page.colon')}`, find(`audit.action.${action}`) ?? action),
      more.length > 0 && h('span', { class: 'quiet' }, more.join(t('audit.separator')))),
    h('span', { class: 'audit-who' }, who(actor), actor.source_ip && h('span', { class: 'quiet' }, t('audit.from', { ip: actor.source_ip }))),
    badge(outcome === 'refused' ? 'warn' : 'ok', find(`audit.outcome.${outcome}`) ?? outcome));
}

function who({ kind, id }) {
  return id ?? find(`audit.by.${kind}`) ?? kind;
}

function detail(name, value) {
  const said = find(`audit.value.${name}`)?.[value] ?? value;
  return `${find(`audit.detail.${name}`) ?? name}${t('page.colon')}${said}`;
}

function download(lines, name) {
  const url = URL.createObjectURL(new Blob(lines, { type: 'application/x-ndjson' }));
  const link = h('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has opened it by then; it only must not stay in memory for the page's life.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
