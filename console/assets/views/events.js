// 事件: what WeCom has sent, each once, newest first.

import { problemWords, scopeName } from '../codes.js';
import { h, icon, show } from '../dom.js';
import { find, moment, t } from '../i18n.js';
import { confirm } from './confirm.js';
import { button, facts, message, spinner, tag, time, whileBusy, wordsMessage } from './parts.js';

const PAGE = 50;
const HOUR_MS = 3_600_000;
/** What a self-test sends; WeCom has no event of this name. */
const TEST_EVENT = 'wecom_authorization_test';
const PERIODS = { all: null, hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, own: null };

export function events(ctx) {
  const list = h('div', { class: 'event-list' });
  const controls = filterControls(search);
  const again = button(t('events.refresh'), { iconName: 'refresh', onClick: () => whileBusy(again, t('events.loading'), search) });
  let rows = [];
  let cursor = null;
  let wanted = {};
  let turn = 0;

  async function search() {
    rows = [];
    cursor = null;
    wanted = controls.query();
    show(list, ['loading', Date.now()], () => spinner(t('events.loading')));
    await more();
  }

  async function more() {
    const mine = (turn += 1);
    try {
      const page = await ctx.api.readEvents({ ...wanted, limit: PAGE, cursor });
      if (mine !== turn) return;
      rows = [...rows, ...page.events];
      cursor = page.next_cursor ?? null;
      show(list, [rows, cursor], listing);
      ctx.announce(t(cursor ? 'events.shownSoFar' : 'events.shownAll', { count: rows.length }));
    } catch (problem) {
      if (mine === turn) show(list, [Date.now()], () => wordsMessage('bad', problemWords(problem), { code: problem.code, small: [problem.requestId], alert: true }));
    }
  }

  function listing() {
    const next = button(t('events.more'), { focus: 'more', onClick: () => whileBusy(next, t('events.loading'), more) });
    return [
      rows.length === 0 && !cursor && nothing(),
      (rows.length > 0 || cursor) && h('p', { class: 'quiet' }, t(cursor ? 'events.shownSoFar' : 'events.shownAll', { count: rows.length })),
      rows.length > 0 && h('ul', { class: 'event-rows' }, rows.map((event) => eventRow(ctx, event))),
      cursor && h('div', { class: 'actions' }, next),
    ];
  }

  function nothing() {
    const name = controls.isFiltered() ? 'events.noneMatch' : 'events.none';
    return message('info', t(name), h('p', {}, t(`${name}Hint`)));
  }

  search();
  return {
    element: [h('section', { class: 'card', 'aria-labelledby': 'events-title' },
      h('div', { class: 'card-head' }, h('h3', { id: 'events-title' }, t('events.title')), again), controls.element, list)],
    update() {},
  };
}

function eventRow(ctx, event) {
  const result = h('div', {});
  const again = button(t('events.replay'), { iconName: 'replay', focus: `replay-${event.event_id}`, onClick: () => replay(ctx, event, again, result) });
  return h('li', {}, h('details', { class: 'event' },
    h('summary', {}, icon('chevron', 'chevron'),
      h('span', { class: 'event-time' }, time(event.received_at ?? event.created_at)),
      h('span', { class: 'event-name' }, h('strong', {}, eventTitle(event)), h('code', {}, [event.event, event.change_type].filter(Boolean).join(' / '))),
      h('span', { class: 'event-tags' }, event.event === TEST_EVENT && tag(t('events.test')),
        tag(scopeName(event.scope)))),
    facts([
      [t('events.field.id'), h('code', {}, event.event_id)],
      [t('events.field.createdAt'), event.created_at && time(event.created_at)],
      [t('events.field.receivedAt'), event.received_at && time(event.received_at)],
      [t('events.field.duplicates'), event.duplicates > 0 && t('events.dropped', { count: event.duplicates })],
      [t('events.field.corp'), event.corp_id && h('code', {}, event.corp_id)],
    ]),
    event.payload && h('details', { class: 'payload' }, h('summary', {}, icon('chevron', 'chevron'), h('span', {}, t('events.payload'))),
      h('pre', { tabindex: '0' }, JSON.stringify(event.payload, null, 2))),
    h('div', { class: 'event-actions' }, h('div', { class: 'actions' }, again, h('span', { class: 'quiet' }, t('events.replayNote'))), result)));
}

async function replay(ctx, event, pressed, result) {
  const agreed = await confirm({
    title: t('events.replayAsk', { event: eventTitle(event) }), lines: [t('events.replayThen'), t('events.replayTwice')], yes: t('events.replay'), no: t('page.cancel'),
  });
  if (!agreed) return;
  await whileBusy(pressed, t('events.replaying'), async () => {
    try {
      await ctx.api.replayEvent(event.event_id);
      show(result, [Date.now()], () => message('ok', t('events.replayed', { time: moment(new Date().toISOString()) }), [], { alert: true }));
    } catch (problem) {
      show(result, [Date.now()], () => wordsMessage('bad', problemWords(problem), { code: problem.code, small: [problem.requestId], alert: true }));
    }
  });
}

/** The event in words: by event and change type together, since change types alone are shared. */
function eventTitle({ event, change_type: change }) {
  return find(`events.names.${event}`)?.[change ?? ''] ?? find(`events.kinds.${event}`) ?? t('events.unknown');
}

function filterControls(search) {
  const select = (name, options, onChange = search) => h('select', { name, id: `filter-${name}`, on: { change: onChange } }, options.map(([value, label]) => h('option', { value }, label)));
  const kinds = find('events.kinds');
  const scope = select('scope', [['', t('events.allScopes')], ['contacts', scopeName('contacts')], ['external-contacts', scopeName('external-contacts')]]);
  const change = select('change_type', []);
  const event = select('event', [['', t('events.allKinds')], ...Object.entries(kinds)], () => { fillChanges(); search(); });
  const period = select('period', Object.keys(PERIODS).map((name) => [name, t(`events.period.${name}`)]), () => { showOwn(); search(); });
  const moments = ['since', 'until'].map((name) => h('input', { type: 'datetime-local', name, id: `filter-${name}`, on: { change: search } }));
  const labelled = (name, input) => h('div', { class: 'filter' }, h('label', { for: input.id }, t(`events.filter.${name}`)), input);
  const own = moments.map((input) => labelled(input.name, input));
  const changeFilter = labelled('change_type', change);
  const element = h('form', { class: 'filters', role: 'search', 'aria-label': t('events.filters'), on: { submit: (e) => e.preventDefault() } },
    labelled('scope', scope), labelled('event', event), changeFilter, labelled('period', period), own);

  function fillChanges() {
    const names = find(`events.names.${event.value}`) ?? {};
    change.replaceChildren(...[['', t('events.allChanges')], ...Object.entries(names)].map(([value, label]) => h('option', { value }, label)));
    changeFilter.hidden = Object.keys(names).length === 0;
  }

  function showOwn() {
    own.forEach((filter) => { filter.hidden = period.value !== 'own'; });
  }

  function query() {
    const span = PERIODS[period.value];
    const [since, until] = period.value === 'own' ? moments.map((input) => input.value && new Date(input.value).toISOString()) : [span && new Date(Date.now() - span).toISOString(), null];
    return { scope: scope.value, event: event.value, change_type: change.value, since, until };
  }

  fillChanges();
  showOwn();
  return { element, query, isFiltered: () => Object.values(query()).some(Boolean) };
}
