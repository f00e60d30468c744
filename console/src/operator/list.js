// Every tenant, newest trouble first, with filters; and the sum of them.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { findingWords, words } from '../codes.js';
import { count, t } from '../i18n.js';
import { Problem } from '../problem.js';
import { badge, button, facts, failure, field, section, spinner, time, WorkButton } from '../views/parts.js';
import { FILTERS, FIRST, go, HEALTHS, place, TONE, title, useAnswer, way } from './parts.js';

/** @import { Children, Finding, ListedTenant, TenantSummary } from '../types.js' */
/** @import { OperatorApi } from './api.js' */

/** @param {{ api: OperatorApi }} props */
export function SummaryPart({ api }) {
  const { value, problem } = useAnswer('summary', api.summary);
  if (problem) return failure(problem);
  if (!value) return spinner(t('operator.loading'));
  return section(
    'summary',
    t('operator.summary'),
    null,
    facts(
      [
        [t('operator.all'), way(count(value.tenants), {})],
        ...counts(value.health, 'health', (of) => words('health', of).words),
        ...counts(value.findings, 'finding', (of) => findingWords(/** @type {Finding} */ ({ code: of })).words),
        ...run(value.health_run),
        ...value.breakers.map(
          /** @returns {[string, Children]} */ (breaker) => [
            t('operator.pausedUntil', { name: breaker.name }),
            [time(breaker.until), breaker.opened_by && ` (${breaker.opened_by})`],
          ],
        ),
      ],
      { short: true },
    ),
  );
}

/** What the last run saw: the suites' tickets, the sealing key, what was given up. @type {(run: TenantSummary['health_run']) => [string, Children][]} */
const run = (run) =>
  run
    ? [
        [t('operator.lastRun'), time(run.at)],
        ...run.suites.map(
          /** @returns {[string, Children]} */ (suite) => [
            t('operator.ticket', { suite: suite.suite_id }),
            suite.ticket_issued_at ? time(suite.ticket_issued_at) : t('operator.noTicket'),
          ],
        ),
        [t('operator.sealingKey'), run.sealing_key_since && time(run.sealing_key_since)],
        ...run.dead_letters.map(
          /** @returns {[string, Children]} */ ({ queue, messages }) => [
            t('operator.deadLetters', { queue: t(`operator.queues.${queue}`) }),
            messages === null ? t('operator.unknown') : count(messages),
          ],
        ),
      ]
    : [];

/** @type {(all: TenantSummary['health'], filter: string, name: (of: string) => string) => [string, Children][]} */
const counts = (all, filter, name) => all.map(({ of, tenants }) => [name(of), way(count(tenants), { [filter]: of })]);

/** @param {{ api: OperatorApi }} props */
export function ListPart({ api }) {
  const filter = Object.fromEntries([...place.value].filter(([name]) => FILTERS.includes(name)));
  const key = JSON.stringify(filter);
  const { value, problem } = useAnswer(key, () => api.tenants(filter));
  const [more, setMore] = useState(
    /** @type {{ key: string, tenants: ListedTenant[], next: string | null | undefined, problem: Problem | null }} */ ({
      key: '',
      tenants: [],
      next: null,
      problem: null,
    }),
  );
  const own = more.key === key ? more : null;
  const next = own ? own.next : value?.next_cursor;
  const tenants = [...(value?.tenants ?? []), ...(own?.tenants ?? [])];

  async function load() {
    try {
      const page = await api.tenants({ ...filter, cursor: next ?? '' });
      setMore({ key, tenants: [...(own?.tenants ?? []), ...page.tenants], next: page.next_cursor, problem: null });
    } catch (thrown) {
      setMore({ key, tenants: own?.tenants ?? [], next, problem: Problem.of(thrown) });
    }
  }

  return section(
    'tenants',
    t('operator.tenants'),
    null,
    h(FilterForm, { key, filter }),
    problem && failure(problem),
    !value && !problem && spinner(t('operator.loading')),
    value && tenants.length === 0 && !next && h('p', null, t('operator.none')),
    h(
      'ul',
      { class: 'rows' },
      tenants.map((tenant) => h('li', { key: `${tenant.tenant_id} ${tenant.binding_id}` }, row(tenant))),
    ),
    own?.problem && failure(own.problem),
    next &&
      h(
        'div',
        { class: 'actions' },
        h(WorkButton, { text: t('operator.more'), busyText: t('operator.loading'), work: load }),
      ),
  );
}

/** @param {{ filter: Record<string, string> }} props */
function FilterForm({ filter }) {
  return h(
    'form',
    {
      class: 'filters',
      onSubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        const entries = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
        go({ ...filter, ...Object.fromEntries([...entries].map(([name, value]) => [name, String(value)])) });
      },
    },
    field({
      id: 'query',
      label: t('operator.search'),
      hint: t('operator.searchHint'),
      input: { name: 'query', type: 'text', value: filter.query ?? '' },
    }),
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'health' }, t('operator.health')),
      h(
        'select',
        { id: 'health', name: 'health', value: filter.health ?? '' },
        h('option', { value: '' }, t('operator.any')),
        HEALTHS.map((health) => h('option', { key: health, value: health }, words('health', health).words)),
      ),
    ),
    h(
      'div',
      { class: 'actions' },
      button(t('operator.find'), { type: 'submit', kind: 'primary' }),
      Object.keys(filter).length > 0 && way(t('operator.clear'), {}),
    ),
    filter.finding &&
      h(
        'p',
        null,
        t('operator.withFinding', { finding: findingWords(/** @type {Finding} */ ({ code: filter.finding })).words }),
      ),
  );
}

/** @param {ListedTenant} tenant */
const row = (tenant) => [
  h(
    'p',
    null,
    way(tenant.corp_name ? `${tenant.corp_name} (${tenant.tenant_id})` : tenant.tenant_id, {
      tenant: tenant.tenant_id,
      binding: tenant.binding_id === FIRST ? '' : tenant.binding_id,
    }),
    ' ',
    badge(TONE[tenant.health] ?? 'info', words('health', tenant.health).words),
    ' ',
    time(tenant.since),
  ),
  h('p', { class: 'quiet' }, [words('next_step', tenant.next_step).words, ...tenant.findings.map(title)].join(' · ')),
];
