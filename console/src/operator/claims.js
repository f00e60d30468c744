// Corporations that installed the app without a link of any tenant, and to whom they belong.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { button, facts, failure, field, message, section, spinner, time } from '../views/parts.js';
import { useAnswer, way } from './parts.js';

/** @import { Children, Claim } from '../types.js' */
/** @import { OperatorApi } from './api.js' */

/** @param {{ api: OperatorApi }} props */
export function ClaimsView({ api }) {
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
