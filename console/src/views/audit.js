// 操作日志: who did what, when, from where, and how it ended; newest first. Nothing secret is ever part of it.

import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { scopeName, words } from '../codes.js';
import { useShared } from '../context.js';
import { find, t } from '../i18n.js';
import { Problem } from '../problem.js';
import { badge, failure, message, spinner, time, WorkButton } from './parts.js';

/** @import { AuditEntry } from '../types.js' */

const PAGE = 50;
const EXPORT_PAGE = 100;

export function AuditView() {
  const { api, announce } = useShared();
  const [rows, setRows] = useState(/** @type {AuditEntry[] | null} */ (null));
  const [cursor, setCursor] = useState(/** @type {string | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));

  /** @type {(known: AuditEntry[], from: string | null) => Promise<void>} */
  async function read(known, from) {
    setProblem(null);
    try {
      const page = await api.readAudit({ limit: PAGE, cursor: from });
      const all = [...known, ...page.entries];
      setRows(all);
      setCursor(page.next_cursor);
      announce(t(page.next_cursor ? 'audit.shownSoFar' : 'audit.shownAll', { count: all.length }));
    } catch (thrown) {
      setProblem(Problem.of(thrown));
    }
  }

  async function begin() {
    setRows(null);
    await read([], null);
  }

  useEffect(() => void begin(), []);

  /** The whole log, one JSON object a line. */
  async function exportAll() {
    setProblem(null);
    /** @type {string[]} */
    const lines = [];
    let from = null;
    try {
      do {
        const page = await api.readAudit({ limit: EXPORT_PAGE, cursor: from });
        lines.push(...page.entries.map((entry) => `${JSON.stringify(entry)}\n`));
        from = page.next_cursor;
      } while (from);
    } catch (thrown) {
      return setProblem(Problem.of(thrown));
    }
    download(lines, `wecom-authorization-audit-${new Date().toISOString().slice(0, 10)}.jsonl`);
    return announce(t('audit.exported', { count: lines.length }));
  }

  function listing() {
    if (rows === null) return !problem && spinner(t('audit.loading'));
    if (rows.length === 0) return message('info', t('audit.none'), h('p', null, t('audit.noneHint')));
    return [
      h('p', { class: 'quiet' }, t(cursor ? 'audit.shownSoFar' : 'audit.shownAll', { count: rows.length })),
      h(
        'ul',
        { class: 'event-rows' },
        rows.map((entry) => h(Row, { key: entry.entry_id, entry })),
      ),
      cursor &&
        h(
          'div',
          { class: 'actions' },
          h(WorkButton, {
            text: t('audit.more'),
            busyText: t('audit.loading'),
            focus: 'more',
            work: () => read(rows, cursor),
          }),
        ),
    ];
  }

  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'audit-title' },
    h(
      'div',
      { class: 'card-head' },
      h('h3', { id: 'audit-title' }, t('audit.title')),
      h(
        'div',
        { class: 'actions' },
        h(WorkButton, { text: t('audit.refresh'), busyText: t('audit.loading'), iconName: 'refresh', work: begin }),
        h(WorkButton, {
          text: t('audit.export'),
          busyText: t('audit.exporting'),
          iconName: 'download',
          focus: 'export',
          work: exportAll,
        }),
      ),
    ),
    h('div', { class: 'event-list' }, problem && failure(problem), listing()),
  );
}

/** @param {{ entry: AuditEntry }} props */
function Row({ entry: { at, action, scope, actor, outcome, code, details } }) {
  const more = [
    ...Object.entries(details ?? {}).map(([name, value]) => detail(name, value)),
    outcome === 'refused' && code && `${refusal(code, scope)} (${code})`,
  ].filter(Boolean);
  return h(
    'li',
    { class: 'audit' },
    h('span', { class: 'event-time' }, time(at)),
    h(
      'span',
      { class: 'audit-what' },
      h('strong', null, scope && `${scopeName(scope)}${t('page.colon')}`, find(`audit.action.${action}`) ?? action),
      more.length > 0 && h('span', { class: 'quiet' }, more.join(t('audit.separator'))),
    ),
    h(
      'span',
      { class: 'audit-who' },
      who(actor),
      actor.source_ip && h('span', { class: 'quiet' }, t('audit.from', { ip: actor.source_ip })),
    ),
    badge(outcome === 'refused' ? 'warn' : 'ok', find(`audit.outcome.${outcome}`) ?? outcome),
  );
}

/** @type {(code: string, scope: AuditEntry['scope']) => string} */
function refusal(code, scope) {
  return find(`audit.refusal.${code}`) ?? words('error', code, scope?.replaceAll('_', '-')).words;
}

/** @param {AuditEntry['actor']} actor */
function who({ kind, id }) {
  return id ?? find(`audit.by.${kind}`) ?? kind;
}

/** @type {(name: string, value: string) => string} */
function detail(name, value) {
  const said = name === 'generation' ? t('audit.nth', { n: value }) : (find(`audit.value.${name}.${value}`) ?? value);
  return `${find(`audit.detail.${name}`) ?? name}${t('page.colon')}${said}`;
}

/** @type {(lines: string[], name: string) => void} */
function download(lines, name) {
  const url = URL.createObjectURL(new Blob(lines, { type: 'application/x-ndjson' }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  // The browser has opened it by then; it only must not stay in memory for the page's life.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
