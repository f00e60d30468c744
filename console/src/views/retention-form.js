// How long events are stored: as long as the platform does, or for fewer days.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { button, failure, field, message, useBusy } from './parts.js';

/** @import { State } from '../types.js' */

/** @typedef {{ saved: true } | { problem: Problem } | { fault: true } | null} Outcome */

/** @param {{ state: State }} props */
export function RetentionForm({ state }) {
  const { settings, platform } = state;
  const { api, drafts, store } = useShared();
  const typed = drafts.field('retention');
  const [isSaving, run] = useBusy();
  const [outcome, setOutcome] = useState(/** @type {Outcome} */ (null));
  const longest = platform.event_retention_days;
  const own = settings.event_retention_days;

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const days = Number(typed.value.trim() || Number.NaN);
    if (Number.isInteger(days) && days >= 1 && days <= longest) return send(days);
    return setOutcome({ fault: true });
  }

  /** @param {number | null} days */
  function send(days) {
    void run(async () => {
      setOutcome(null);
      try {
        // The domain is sent as it is: a request states all settings.
        const domain = settings.pending_callback_base_url ?? settings.callback_base_url;
        await api.updateSettings({ callback_base_url: domain, event_retention_days: days });
        typed.value = '';
        await store.refresh({ fresh: true });
        setOutcome({ saved: true });
      } catch (thrown) {
        setOutcome({ problem: Problem.of(thrown) });
      }
    });
  }

  return h(
    'form',
    { class: 'domain-form', noValidate: true, onSubmit: submit },
    h('p', { class: 'note' }, t(own ? 'steps.retention.own' : 'steps.retention.platform', { days: own ?? longest })),
    field({
      id: 'retention-days',
      label: t('steps.retention.label', { longest }),
      hint: t('steps.retention.hint'),
      error: outcome && 'fault' in outcome ? t('steps.retention.fault', { longest }) : null,
      input: {
        type: 'text',
        inputMode: 'numeric',
        name: 'event_retention_days',
        autocomplete: 'off',
        maxLength: 4,
        value: typed.value,
        onInput: ({ currentTarget }) => {
          typed.value = currentTarget.value;
          if (outcome && 'fault' in outcome) setOutcome(null);
        },
      },
    }),
    h(
      'div',
      { class: 'actions' },
      button(t(isSaving ? 'steps.domain.saving' : 'steps.retention.save'), { type: 'submit', busy: isSaving }),
      own && button(t('steps.retention.reset'), { kind: 'plain', busy: isSaving, onClick: () => send(null) }),
    ),
    outcome && 'problem' in outcome && failure(outcome.problem, { context: 'settings' }),
    outcome && 'saved' in outcome && message('ok', t('steps.retention.saved'), null, { alert: true }),
  );
}
