// The callback's domain: the platform's, or one of the corporation's own, which WeCom asks for where it checks who owns it.

import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { CnameTarget } from './addresses.js';
import { GuideLink } from './guide.js';
import { badge, button, failure, field, message, time, useBusy } from './parts.js';

/** @import { Children, DomainCheck, State } from '../types.js' */

/** @typedef {{ saved: 'own' | 'platform' | 'pending' } | { problem: Problem } | { fault: true } | null} Outcome */

/** @param {{ state: State, id: string }} props */
export function DomainForm({ state, id }) {
  const { settings } = state;
  const { api, drafts, guide, store } = useShared();
  const typed = drafts.field(`domain.${id}`);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [isSaving, run] = useBusy();
  const [isResetting, setResetting] = useState(false);
  const [outcome, setOutcome] = useState(/** @type {Outcome} */ (null));
  const own = settings.callback_base_url;
  const pending = settings.pending_callback_base_url;

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const url = asBaseUrl(typed.value);
    if (url) return send(url);
    setOutcome({ fault: true });
    return input.current?.focus();
  }

  /** @param {string | null} url */
  function send(url) {
    setResetting(url === null);
    void run(async () => {
      setOutcome(null);
      try {
        const chosen = await api.updateSettings({ callback_base_url: url });
        typed.value = '';
        await store.refresh({ fresh: true });
        setOutcome({ saved: chosen.pending_callback_base_url ? 'pending' : url ? 'own' : 'platform' });
      } catch (thrown) {
        setOutcome({ problem: Problem.of(thrown) });
      }
    });
  }

  return h(
    'form',
    { class: 'domain-form', noValidate: true, onSubmit: submit },
    h('p', { class: 'note' }, own ? t('steps.domain.own', { url: own }) : t('steps.domain.platform')),
    h(CnameTarget, { state }),
    settings.domain_check && domainCheck(state, settings.domain_check),
    field({
      id: `domain-${id}`,
      label: t('steps.domain.label'),
      hint: t('steps.domain.hint'),
      guide: h(GuideLink, { topic: 'callback-domain' }),
      error: outcome && 'fault' in outcome ? t('steps.fault.url') : null,
      input: {
        type: 'url',
        name: 'callback_base_url',
        autocomplete: 'off',
        spellcheck: false,
        inputMode: 'url',
        maxLength: 255,
        placeholder: 'https://wecom-callback.example.com',
        ref: input,
        value: typed.value,
        onFocus: () => guide.suggest('callback-domain'),
        onInput: ({ currentTarget }) => {
          typed.value = currentTarget.value;
          if (outcome && 'fault' in outcome) setOutcome(null);
        },
      },
    }),
    h(
      'div',
      { class: 'actions' },
      button(t(isSaving && !isResetting ? 'steps.domain.saving' : 'steps.domain.save'), {
        type: 'submit',
        busy: isSaving && !isResetting,
      }),
      pending &&
        button(t(isSaving ? 'steps.domain.checking' : 'steps.domain.again'), {
          focus: `domain-again-${id}`,
          busy: isSaving,
          onClick: () => send(pending),
        }),
      (own || pending) &&
        button(t(isSaving && isResetting ? 'steps.domain.saving' : 'steps.domain.reset'), {
          kind: 'plain',
          busy: isSaving && isResetting,
          onClick: () => send(null),
        }),
    ),
    outcome && 'problem' in outcome && failure(outcome.problem, { context: 'settings' }),
    outcome &&
      'saved' in outcome &&
      (outcome.saved === 'pending'
        ? message('warn', t('steps.domain.notYet'), h('p', null, t('steps.domain.notYetNext')), { alert: true })
        : message(
            'ok',
            t(outcome.saved === 'own' ? 'steps.domain.saved' : 'steps.domain.resetDone'),
            h('p', null, t('steps.domain.next')),
            { alert: true },
          )),
  );
}

const PARTS = /** @type {const} */ (['dns', 'tls', 'answer']);

/** What the chosen domain has, and what it is missing: the parts after a missing one are not known yet. @type {(state: State, check: DomainCheck) => Children} */
function domainCheck({ settings, platform }, { checked_at: at, missing, reason }) {
  const reached = PARTS.indexOf(missing);
  const url = settings.pending_callback_base_url ?? settings.callback_base_url ?? '';
  return message('warn', t('steps.domain.pending', { url }), [
    h(
      'ul',
      { class: 'checks' },
      PARTS.map((part, index) =>
        h(
          'li',
          { key: part },
          badge(index < reached ? 'ok' : index === reached ? 'bad' : 'idle', t(`steps.domain.part.${part}`)),
        ),
      ),
    ),
    h('p', null, t(`steps.domain.reason.${reason}`)),
    missing !== 'answer' &&
      h(
        'p',
        { class: 'quiet' },
        t(platform.cname_target ? 'steps.domain.certificateOwn' : 'steps.domain.certificateHand'),
      ),
    h('p', { class: 'quiet' }, t('steps.domain.checkedAt'), ' ', time(at)),
  ]);
}

/**
 * The origin that the admin means, with https where the scheme was left out; null if it is none.
 * @param {string} text
 */
export function asBaseUrl(text) {
  const typed = text.trim();
  if (!typed || /\s/.test(typed)) return null;
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`);
    const plain = url.pathname === '/' && !url.search && !url.hash && !url.username;
    return plain && !url.port && url.hostname.includes('.') && url.protocol === 'https:' ? url.origin : null;
  } catch {
    return null;
  }
}
