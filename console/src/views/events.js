// 事件: what WeCom has sent, each once, newest first.

import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { scopeName } from '../codes.js';
import { useShared } from '../context.js';
import { find, moment, t, table } from '../i18n.js';
import { Problem } from '../problem.js';
import { lines, Question } from './confirm.js';
import { button, facts, failure, icon, message, spinner, tag, time, useBusy, WorkButton } from './parts.js';

/** @import { Children, Event as WecomEvent } from '../types.js' */

const PAGE = 50;
const HOUR_MS = 3_600_000;
/** What a self-test sends; WeCom has no event of this name. */
const TEST_EVENT = 'wecom_authorization_test';
/** @type {Record<string, number | null>} */
const PERIODS = { all: null, hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, own: null };

/** @typedef {{ scope: string, event: string, change: string, period: string, since: string, until: string }} Filter */
/** @type {Filter} */
const EVERYTHING = { scope: '', event: '', change: '', period: 'all', since: '', until: '' };

export function EventsView() {
  const { api, announce } = useShared();
  const [filter, setFilter] = useState(EVERYTHING);
  const [rows, setRows] = useState(/** @type {WecomEvent[] | null} */ (null));
  const [cursor, setCursor] = useState(/** @type {string | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  /** A slow answer to an earlier search is not shown under a later one. */
  const turn = useRef(0);

  /** @type {(known: WecomEvent[], from: string | null) => Promise<void>} */
  async function read(known, from) {
    turn.current += 1;
    const mine = turn.current;
    setProblem(null);
    try {
      const page = await api.readEvents({ ...queryOf(filter), limit: PAGE, cursor: from });
      if (mine !== turn.current) return;
      const all = [...known, ...page.events];
      setRows(all);
      setCursor(page.next_cursor);
      announce(t(page.next_cursor ? 'events.shownSoFar' : 'events.shownAll', { count: all.length }));
    } catch (thrown) {
      const failed = Problem.of(thrown);
      if (mine === turn.current) setProblem(failed);
    }
  }

  async function search() {
    setRows(null);
    setCursor(null);
    await read([], null);
  }

  useEffect(() => void search(), [filter]);

  function listing() {
    if (rows === null) return !problem && spinner(t('events.loading'));
    const none =
      filter === EVERYTHING || Object.values(queryOf(filter)).every((value) => !value)
        ? 'events.none'
        : 'events.noneMatch';
    return [
      rows.length === 0 && !cursor && message('info', t(none), h('p', null, t(`${none}Hint`))),
      (rows.length > 0 || cursor) &&
        h('p', { class: 'quiet' }, t(cursor ? 'events.shownSoFar' : 'events.shownAll', { count: rows.length })),
      rows.length > 0 &&
        h(
          'ul',
          { class: 'event-rows' },
          rows.map((event) => h(Row, { key: event.event_id, event })),
        ),
      cursor &&
        h(
          'div',
          { class: 'actions' },
          h(WorkButton, {
            text: t('events.more'),
            busyText: t('events.loading'),
            focus: 'more',
            work: () => read(rows, cursor),
          }),
        ),
    ];
  }

  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'events-title' },
    h(
      'div',
      { class: 'card-head' },
      h('h3', { id: 'events-title' }, t('events.title')),
      h(WorkButton, { text: t('events.refresh'), busyText: t('events.loading'), iconName: 'refresh', work: search }),
    ),
    h(Filters, { filter, onChange: setFilter }),
    h('div', { class: 'event-list' }, problem && failure(problem), listing()),
  );
}

/** @param {{ event: WecomEvent }} props */
function Row({ event }) {
  const { api } = useShared();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, run] = useBusy();
  const [outcome, setOutcome] = useState(/** @type {{ at?: string, problem?: Problem }} */ ({}));

  async function replay() {
    setOutcome({});
    try {
      await api.replayEvent(event.event_id);
      setOutcome({ at: new Date().toISOString() });
    } catch (thrown) {
      setOutcome({ problem: Problem.of(thrown) });
    }
  }

  return h(
    'li',
    null,
    h(
      'details',
      { class: 'event' },
      h(
        'summary',
        null,
        icon('chevron', 'chevron'),
        h('span', { class: 'event-time' }, time(event.received_at ?? event.created_at)),
        h(
          'span',
          { class: 'event-name' },
          h('strong', null, eventTitle(event)),
          h('code', null, [event.event, event.change_type].filter(Boolean).join(' / ')),
        ),
        h(
          'span',
          { class: 'event-tags' },
          event.event === TEST_EVENT && tag(t('events.test')),
          tag(scopeName(event.scope)),
        ),
      ),
      facts([
        [t('events.field.id'), h('code', null, event.event_id)],
        [t('events.field.createdAt'), event.created_at && time(event.created_at)],
        [t('events.field.receivedAt'), event.received_at && time(event.received_at)],
        [t('events.field.duplicates'), event.duplicates > 0 && t('events.dropped', { count: event.duplicates })],
        [t('events.field.corp'), event.corp_id && h('code', null, event.corp_id)],
      ]),
      event.payload &&
        h(
          'details',
          { class: 'payload' },
          h('summary', null, icon('chevron', 'chevron'), h('span', null, t('events.payload'))),
          h('pre', { tabIndex: 0 }, JSON.stringify(event.payload, null, 2)),
        ),
      h(
        'div',
        { class: 'event-actions' },
        h(
          'div',
          { class: 'actions' },
          button(t(isBusy ? 'events.replaying' : 'events.replay'), {
            iconName: 'replay',
            focus: `replay-${event.event_id}`,
            busy: isBusy,
            onClick: () => setAsking(!isBusy),
          }),
          h('span', { class: 'quiet' }, t('events.replayNote')),
        ),
        outcome.at && message('ok', t('events.replayed', { time: moment(outcome.at) }), null, { alert: true }),
        outcome.problem && failure(outcome.problem),
      ),
    ),
    isAsking &&
      h(Question, {
        title: t('events.replayAsk', { event: eventTitle(event) }),
        yes: t('events.replay'),
        no: t('page.cancel'),
        onAnswer: (agreed) => {
          setAsking(false);
          if (agreed) void run(replay);
        },
        children: lines(t('events.replayThen'), t('events.replayTwice')),
      }),
  );
}

/** The event in words: by event and change type together, since change types alone are shared. @param {WecomEvent} event */
function eventTitle({ event, change_type: change }) {
  return table(`events.names.${event}`)[change ?? ''] ?? find(`events.kinds.${event}`) ?? t('events.unknown');
}

/** @param {{ filter: Filter, onChange: (filter: Filter) => void }} props */
function Filters({ filter, onChange }) {
  const changes = table(`events.names.${filter.event}`);
  /** @type {(name: keyof Filter, more?: Partial<Filter>) => (event: Event) => void} */
  const change = (name, more) => (event) => {
    const { value } = /** @type {HTMLInputElement | HTMLSelectElement} */ (event.currentTarget);
    onChange({ ...filter, [name]: value, ...more });
  };
  /** @type {(name: string, control: Children) => Children} */
  const labelled = (name, control) =>
    h('div', { class: 'filter' }, h('label', { for: `filter-${name}` }, t(`events.filter.${name}`)), control);
  /** @type {(name: string, key: keyof Filter, options: [string, string][], more?: Partial<Filter>) => Children} */
  const choice = (name, key, options, more) =>
    labelled(
      name,
      h(
        'select',
        { name, id: `filter-${name}`, value: filter[key], onChange: change(key, more) },
        options.map(([value, label]) => h('option', { value, key: value }, label)),
      ),
    );
  /** @type {(name: 'since' | 'until') => Children} */
  const instant = (name) =>
    labelled(
      name,
      h('input', { type: 'datetime-local', name, id: `filter-${name}`, value: filter[name], onChange: change(name) }),
    );
  return h(
    'form',
    {
      class: 'filters',
      role: 'search',
      'aria-label': t('events.filters'),
      onSubmit: (/** @type {Event} */ event) => event.preventDefault(),
    },
    choice('scope', 'scope', [
      ['', t('events.allScopes')],
      ['contacts', scopeName('contacts')],
      ['external-contacts', scopeName('external-contacts')],
      ['app', scopeName('app')],
    ]),
    choice('event', 'event', [['', t('events.allKinds')], ...Object.entries(table('events.kinds'))], { change: '' }),
    Object.keys(changes).length > 0 &&
      choice('change_type', 'change', [['', t('events.allChanges')], ...Object.entries(changes)]),
    choice(
      'period',
      'period',
      Object.keys(PERIODS).map((name) => [name, t(`events.period.${name}`)]),
    ),
    filter.period === 'own' && [instant('since'), instant('until')],
  );
}

/** @param {Filter} filter */
function queryOf({ scope, event, change, period, since, until }) {
  const span = PERIODS[period];
  const own = period === 'own';
  return {
    scope,
    event,
    change_type: change,
    since: own ? since && new Date(since).toISOString() : span && new Date(Date.now() - span).toISOString(),
    until: own ? until && new Date(until).toISOString() : null,
  };
}
