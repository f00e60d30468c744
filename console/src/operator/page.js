// The operators' page. What it shows is in the address (`?health=broken`, `?tenant=acme`, `?view=claims`), so that reloading, the back
// button and a link in a message all work.

import { signal } from '@preact/signals';
import { Fragment, h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { findingWords, scopeName, scopeOf, words } from '../codes.js';
import { count, currentLanguage, loadTexts, t } from '../i18n.js';
import { rememberLanguage } from '../language.js';
import { Problem } from '../problem.js';
import { Question } from '../views/confirm.js';
import { badge, button, facts, failure, field, message, section, spinner, time, WorkButton } from '../views/parts.js';

/** @import { Children, Claim, Finding, ListedTenant, Tenant, TenantSummary } from '../types.js' */
/** @import { OperatorApi } from './api.js' */

const TONE = /** @type {const} */ ({ ok: 'ok', attention: 'warn', broken: 'bad' });
const HEALTHS = /** @type {const} */ (['broken', 'attention', 'ok']);
/** The binding that every tenant has, and that an operator may act on. */
const FIRST = 'first';
const FILTERS = ['health', 'finding', 'step', 'corp', 'query'];

/** The address's query. */
const place = signal(new URLSearchParams(globalThis.location.search));
globalThis.addEventListener('popstate', () => {
  place.value = new URLSearchParams(globalThis.location.search);
});

/** @param {Record<string, string>} query */
const href = (query) => {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return search ? `?${search}` : globalThis.location.pathname;
};

/** @param {Record<string, string>} query */
function go(query) {
  globalThis.history.pushState(null, '', href(query));
  place.value = new URLSearchParams(globalThis.location.search);
}

/** A way to another view, which the browser follows itself in a tab of its own. @type {(text: Children, query: Record<string, string>, current?: boolean) => Children} */
const way = (text, query, current = false) =>
  h(
    'a',
    {
      class: 'link',
      href: href(query),
      'aria-current': current ? 'page' : undefined,
      onClick: (/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(query);
      },
    },
    text,
  );

/**
 * What a call answered, or why it did not; asked again when `key` changes or after `reload`.
 * @template T
 * @param {string} key
 * @param {() => Promise<T>} ask
 * @returns {{ value: T | null, problem: Problem | null, reload: () => Promise<void> }}
 */
function useAnswer(key, ask) {
  const [answer, setAnswer] = useState(
    /** @type {{ key: string, value: T | null, problem: Problem | null }} */ ({ key, value: null, problem: null }),
  );
  const load = () =>
    ask().then(
      (value) => setAnswer({ key, value, problem: null }),
      (thrown) => setAnswer({ key, value: null, problem: Problem.of(thrown) }),
    );
  useEffect(() => void load(), [key]);
  return answer.key === key ? { ...answer, reload: load } : { value: null, problem: null, reload: load };
}

/** @param {{ api: OperatorApi }} parts */
export function createPage({ api }) {
  return h(Page, { api });
}

/** @param {{ api: OperatorApi }} props */
function Page({ api }) {
  const tenantId = place.value.get('tenant');
  const bindingId = place.value.get('binding');
  const isClaims = !tenantId && place.value.get('view') === 'claims';
  const language = currentLanguage();
  const other = language === 'en' ? 'zh-CN' : 'en';
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = t('operator.title');
  }, [language]);
  return [
    h(
      'header',
      { class: 'top' },
      h(
        'div',
        { class: 'inner head' },
        h('h1', null, t('operator.title')),
        h(
          'nav',
          { class: 'actions', 'aria-label': t('operator.views') },
          way(t('operator.tenants'), {}, !tenantId && !isClaims),
          way(t('operator.claims'), { view: 'claims' }, isClaims),
          button(t('operator.otherLanguage'), {
            kind: 'plain',
            onClick: () => {
              rememberLanguage(other);
              void loadTexts(other);
            },
          }),
        ),
      ),
    ),
    h(
      'main',
      { class: 'inner operator' },
      h('h2', { class: 'view-title' }, t(isClaims ? 'operator.claims' : 'operator.tenants')),
      tenantId
        ? h(TenantView, { key: `${tenantId} ${bindingId}`, api, tenantId, bindingId })
        : isClaims
          ? h(ClaimsView, { api })
          : h(Fragment, null, h(SummaryPart, { api }), h(ListPart, { api })),
    ),
  ];
}

/** @param {{ api: OperatorApi }} props */
function SummaryPart({ api }) {
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
        [t('operator.lastRun'), value.health_run && time(value.health_run.at)],
        ...value.breakers.map(
          /** @returns {[string, Children]} */ (breaker) => [
            t('operator.pausedUntil', { name: breaker.name }),
            time(breaker.until),
          ],
        ),
      ],
      { short: true },
    ),
  );
}

/** @type {(all: TenantSummary['health'], filter: string, name: (of: string) => string) => [string, Children][]} */
const counts = (all, filter, name) => all.map(({ of, tenants }) => [name(of), way(count(tenants), { [filter]: of })]);

/** @param {{ api: OperatorApi }} props */
function ListPart({ api }) {
  const filter = Object.fromEntries([...place.value].filter(([name]) => FILTERS.includes(name)));
  const key = JSON.stringify(filter);
  const { value, problem } = useAnswer(key, () => api.tenants(filter));
  const [more, setMore] = useState(
    /** @type {{ key: string, tenants: ListedTenant[], next: string | null | undefined, problem: Problem | null }} */ ({
      key,
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
    value && tenants.length === 0 && h('p', null, t('operator.none')),
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

/** @param {Finding} finding */
function title(finding) {
  const scope = scopeOf(finding);
  return `${scope ? `${scopeName(scope)}${t('page.colon')}` : ''}${findingWords(finding).words}`;
}

/** @param {{ api: OperatorApi, tenantId: string, bindingId: string | null }} props */
function TenantView({ api, tenantId, bindingId }) {
  const { value, problem, reload } = useAnswer(`${tenantId} ${bindingId}`, () => api.tenant(tenantId, bindingId));
  const [asks, setAsks] = useState(false);
  const [outcome, setOutcome] = useState(/** @type {Children} */ (null));

  /** @type {(act: () => Promise<unknown>, done: string) => Promise<void>} */
  async function perform(act, done) {
    setOutcome(null);
    try {
      await act();
      setOutcome(message('ok', done, null, { alert: true }));
    } catch (thrown) {
      setOutcome(failure(Problem.of(thrown), { context: 'check' }));
    }
    await reload();
  }

  if (problem) return [failure(problem), way(t('operator.back'), {})];
  if (!value) return spinner(t('operator.loading'));
  const { installation } = value.state;
  const name = installation.corp_name ?? tenantId;
  return [
    section(
      'tenant',
      name,
      badge(TONE[value.state.health] ?? 'info', words('health', value.state.health).words),
      facts([
        [t('operator.tenantId'), tenantId],
        [t('operator.corpId'), installation.corp_id],
        [t('operator.step'), words('next_step', value.state.next_step).words],
        [t('operator.installedAt'), installation.installed_at && time(installation.installed_at)],
        [t('operator.completedAt'), value.state.completed_at && time(value.state.completed_at)],
      ]),
      value.state.findings.map((finding) =>
        message(finding.severity === 'error' ? 'bad' : 'warn', title(finding), [
          h('p', null, findingWords(finding).cause),
          h('p', null, findingWords(finding).action),
        ]),
      ),
      outcome,
      h(
        'div',
        { class: 'actions' },
        !bindingId &&
          h(WorkButton, {
            text: t('operator.check'),
            busyText: t('operator.checking'),
            kind: 'primary',
            work: () => perform(() => api.check(tenantId), t('operator.checked')),
          }),
        !bindingId && button(t('operator.disconnect'), { kind: 'danger', onClick: () => setAsks(true) }),
        way(t('operator.back'), {}),
      ),
      asks &&
        h(Question, {
          title: t('operator.disconnectAsk', { corp: name }),
          yes: t('operator.disconnect'),
          no: t('page.cancel'),
          kind: 'danger',
          onAnswer: (agreed) => {
            setAsks(false);
            if (agreed) void perform(() => api.disconnect(tenantId), t('operator.disconnected'));
          },
          children: h('p', null, t('operator.disconnectWill')),
        }),
    ),
    section('audit', t('audit.title'), null, h('ul', { class: 'rows' }, value.audit.map(entryRow))),
    section(
      'events',
      t('operator.events'),
      null,
      value.events.length === 0
        ? h('p', null, t('operator.noEvents'))
        : h('ul', { class: 'rows' }, value.events.map(eventRow)),
    ),
  ];
}

/** @param {Tenant['audit'][number]} entry */
const entryRow = (entry) =>
  h(
    'li',
    { key: entry.entry_id },
    time(entry.at),
    ' ',
    t(`audit.action.${entry.action}`),
    ' · ',
    t(`audit.by.${entry.actor.kind}`),
    entry.actor.id && ` ${entry.actor.id}`,
    entry.code && ` · ${entry.code}`,
  );

/** @param {Tenant['events'][number]} event */
const eventRow = (event) =>
  h(
    'li',
    { key: event.event_id },
    time(event.received_at),
    ' ',
    [event.event, event.change_type].filter(Boolean).join('/'),
  );

/** @param {{ api: OperatorApi }} props */
function ClaimsView({ api }) {
  const [cursor, setCursor] = useState(/** @type {string | null} */ (null));
  const { value, problem, reload } = useAnswer(`claims ${cursor}`, () => api.claims(cursor));
  const [outcome, setOutcome] = useState(/** @type {Children} */ (null));

  /** @type {(claim: Claim, tenantId: string) => Promise<void>} */
  async function assign(claim, tenantId) {
    setOutcome(null);
    try {
      await api.assign(claim.claim_id, tenantId);
      setOutcome(
        message(
          'ok',
          t('operator.assigned', { corp: claim.corp_name, tenant: tenantId }),
          way(t('operator.open'), { tenant: tenantId }),
          { alert: true },
        ),
      );
    } catch (thrown) {
      setOutcome(failure(Problem.of(thrown), { context: 'installation' }));
    }
    await reload();
  }

  return section(
    'claims',
    t('operator.claims'),
    null,
    h('p', { class: 'lead' }, t('operator.claimsLead')),
    outcome,
    problem && failure(problem),
    !value && !problem && spinner(t('operator.loading')),
    value && value.claims.length === 0 && h('p', null, t('operator.noClaims')),
    value?.claims.map((claim) => h(ClaimForm, { key: claim.claim_id, claim, assign })),
    value?.next_cursor &&
      h(
        'div',
        { class: 'actions' },
        button(t('operator.more'), { onClick: () => setCursor(value.next_cursor ?? null) }),
      ),
  );
}

/** @param {{ claim: Claim, assign: (claim: Claim, tenantId: string) => Promise<void> }} props */
function ClaimForm({ claim, assign }) {
  const [tenantId, setTenantId] = useState('');
  const id = `tenant-${claim.claim_id}`;
  return h(
    'form',
    {
      'aria-label': claim.corp_name,
      onSubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        if (tenantId.trim()) void assign(claim, tenantId.trim());
      },
    },
    facts([
      [t('operator.corporation'), claim.corp_name],
      [t('operator.corpId'), claim.corp_id],
      [t('operator.suite'), claim.suite_id],
      [t('operator.installedAt'), time(claim.installed_at)],
      [t('operator.endsAt'), time(claim.expires_at)],
    ]),
    field({
      id,
      label: t('operator.assignTo'),
      input: {
        type: 'text',
        autocomplete: 'off',
        spellcheck: false,
        value: tenantId,
        onInput: ({ currentTarget }) => setTenantId(currentTarget.value),
      },
    }),
    h('div', { class: 'actions' }, button(t('operator.assign'), { type: 'submit', kind: 'primary' })),
  );
}
