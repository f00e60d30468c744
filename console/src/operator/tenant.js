// One tenant: state, findings, events, audit trail, and what an operator may do.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { findingWords, words } from '../codes.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { callbackBadge, secretBadge } from '../views/badges.js';
import { Question } from '../views/confirm.js';
import { badge, button, facts, failure, message, section, spinner, time, WorkButton } from '../views/parts.js';
import { Refusals } from '../views/refusals.js';
import { callbackFacts, secretFacts } from '../views/scope-facts.js';
import { TONE, title, useAnswer, way } from './parts.js';

/** @import { Children, ScopeName, SecretKind, State, Tenant } from '../types.js' */
/** @import { OperatorApi } from './api.js' */

/** With the kind of Secret whose words explain refusals. */
const SCOPES = /** @type {const} */ ([
  ['contacts', 'contacts'],
  ['external_contacts', 'customer'],
]);

/** @param {{ api: OperatorApi, tenantId: string, bindingId: string | null }} props */
export function TenantView({ api, tenantId, bindingId }) {
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
      value.is_removed
        ? badge('idle', t('operator.removed'))
        : badge(TONE[value.state.health] ?? 'info', words('health', value.state.health).words),
      facts([
        [t('operator.tenantId'), tenantId],
        [t('operator.corpId'), installation.corp_id],
        [t('operator.step'), !value.is_removed && words('next_step', value.state.next_step).words],
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
        !value.is_removed && [
          h(WorkButton, {
            text: t('operator.check'),
            busyText: t('operator.checking'),
            kind: 'primary',
            work: () => perform(() => api.check(tenantId, bindingId), t('operator.checked')),
          }),
          button(t('operator.disconnect'), { kind: 'danger', onClick: () => setAsks(true) }),
        ],
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
            if (agreed) void perform(() => api.disconnect(tenantId, bindingId), t('operator.disconnected'));
          },
          children: h('p', null, t('operator.disconnectWill')),
        }),
    ),
    !value.is_removed &&
      h(
        'div',
        { class: 'tiles' },
        SCOPES.flatMap(([scope, kind]) => parts(scope, kind, value.state[scope])),
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

/** A Secret and a callback. @type {(scope: ScopeName, kind: SecretKind, state: State[ScopeName]) => Children[]} */
const parts = (scope, kind, { secret, callback }) => [
  section(`${scope}-secret`, t(`steps.part.${scope}_secret`), secretBadge(secret), facts(secretFacts(secret))),
  section(
    `${scope}-callback`,
    t(`steps.part.${scope}_callback`),
    callbackBadge(callback),
    facts([[t('operator.url'), callback.url && h('code', null, callback.url)], ...callbackFacts(callback)]),
    h(Refusals, { refusals: callback.refusals, kind }),
  ),
];

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
