// 事件: what WeCom has sent, each once, newest first.

import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { scopeName } from '../codes.js';
import { useShared } from '../context.js';
import { moment, t, table } from '../i18n.js';
import { Problem } from '../problem.js';
import { EventRow } from './event-row.js';
import { failure, message, section, spinner, WorkButton } from './parts.js';
import { PersonPart } from './persons.js';

/** @import { Children, Event as WecomEvent } from '../types.js' */

const PAGE = 50;
/** Requests that follow each other by themselves while a search finds nothing: enough for the newest million events. */
const SEARCH_REQUESTS = 10;
const HOUR_MS = 3_600_000;
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
  /** The time down to which the search has looked, if it goes on or may go on. */
  const [searchedTo, setSearchedTo] = useState(/** @type {string | null} */ (null));
  /** A slow answer to an earlier search is not shown under a later one. */
  const turn = useRef(0);

  /** @type {(known: WecomEvent[], from: string | null) => Promise<void>} */
  async function read(known, from) {
    turn.current += 1;
    const mine = turn.current;
    setProblem(null);
    let cursor = from;
    try {
      for (let requests = 1; ; requests += 1) {
        const page = await api.readEvents({ ...queryOf(filter), limit: PAGE, cursor });
        if (mine !== turn.current) return;
        cursor = page.next_cursor;
        if (page.events.length === 0 && cursor && requests < SEARCH_REQUESTS) {
          setSearchedTo(page.searched_to);
          continue;
        }
        const all = [...known, ...page.events];
        setRows(all);
        setCursor(cursor);
        setSearchedTo(cursor && page.searched_to);
        announce(t(cursor ? 'events.shownSoFar' : 'events.shownAll', { count: all.length }));
        return;
      }
    } catch (thrown) {
      const failed = Problem.of(thrown);
      if (mine !== turn.current) return;
      if (cursor !== from) {
        // The next attempt goes on from here.
        setRows(known);
        setCursor(cursor);
      }
      setProblem(failed);
    }
  }

  async function search() {
    setRows(null);
    setCursor(null);
    setSearchedTo(null);
    await read([], null);
  }

  useEffect(() => void search(), [filter]);

  function listing() {
    const searched = searchedTo && t('events.searchedTo', { time: moment(searchedTo) });
    if (rows === null) return !problem && spinner(searched ?? t('events.loading'));
    const none =
      filter === EVERYTHING || Object.values(queryOf(filter)).every((value) => !value)
        ? 'events.none'
        : 'events.noneMatch';
    return [
      rows.length === 0 && !cursor && message('info', t(none), h('p', null, t(`${none}Hint`))),
      (rows.length > 0 || cursor) &&
        h('p', { class: 'quiet' }, t(cursor ? 'events.shownSoFar' : 'events.shownAll', { count: rows.length })),
      searched && h('p', { class: 'quiet' }, searched),
      rows.length > 0 &&
        h(
          'ul',
          { class: 'event-rows' },
          rows.map((event) => h(EventRow, { key: event.event_id, event })),
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

  return [
    section(
      'events-title',
      t('events.title'),
      h(WorkButton, { text: t('events.refresh'), busyText: t('events.loading'), iconName: 'refresh', work: search }),
      h(Filters, { filter, onChange: setFilter }),
      h('div', { class: 'event-list' }, problem && failure(problem), listing()),
    ),
    h(PersonPart, null),
  ];
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
