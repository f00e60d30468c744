// The Secret of a scope: entered, checked by WeCom, kept by the server, never shown again.

import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { secretName, words } from '../codes.js';
import { useShared } from '../context.js';
import { focusOn } from '../focus.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { isInstalled, isReady, scopeState } from '../progress.js';
import { EgressAddresses } from './addresses.js';
import { secretBadge } from './badges.js';
import { CheckPart } from './check-part.js';
import { checks, REFUSED_CHECKS } from './checks.js';
import { GuideLink } from './guide.js';
import {
  button,
  facts,
  failure,
  field,
  icon,
  link,
  message,
  retryText,
  section,
  time,
  useBusy,
  useNow,
  wordsMessage,
} from './parts.js';

/** @import { Children, Scope, SecretEntry, SecretKind, State } from '../types.js' */

/** @typedef {'corp_id' | 'secret' | 'agent_id'} FieldName */

/** @type {Record<SecretKind, FieldName[]>} */
const FIELDS = {
  contacts: ['corp_id', 'secret'],
  customer: ['corp_id', 'secret'],
  app: ['corp_id', 'secret', 'agent_id'],
};

/** `kind` says which Secret the admin is being asked for. @param {{ state: State, scope: Scope, kind: SecretKind }} props */
export function SecretCard({ state, scope, kind }) {
  const [isEditing, setEditing] = useState(false);
  const { secret } = scopeState(state, scope);
  const isForm = secret.status !== 'accepted' || isEditing;
  return section(
    `secret-${scope}`,
    t(`steps.secret.title.${scope}`),
    h('span', { class: 'card-status' }, secretBadge(secret)),
    isForm
      ? h(SecretForm, { state, scope, kind, isReplacing: isEditing, onEnd: () => setEditing(false) })
      : summary(state, scope, kind, () => setEditing(true)),
  );
}

/** @type {(state: State, scope: Scope, kind: SecretKind, replace: () => void) => Children} */
function summary(state, scope, kind, replace) {
  const { secret } = scopeState(state, scope);
  const check = secret.kind_check;
  return [
    checks({ match: 'ok', installed: 'ok', kind: check === 'confirmed' ? 'ok' : 'open' }),
    check === 'ip_not_trusted' &&
      wordsMessage('info', words('kind_check', check, scope), {
        extra: [h(EgressAddresses, { state }), h(GuideLink, { topic: 'trusted-ip' })],
      }),
    (check === 'unconfirmed' || check === 'app_disabled') && wordsMessage('info', words('kind_check', check, scope)),
    h(CheckPart, { state, scope }),
    facts(
      [
        [t('steps.secret.corpId'), secret.corp_id && h('code', null, secret.corp_id)],
        [
          t(`steps.secret.name.${kind}`),
          secret.last_four && h('code', { class: 'masked' }, `••••••••${secret.last_four}`),
        ],
        [t('steps.secret.registeredAt'), secret.registered_at && time(secret.registered_at)],
        [t('steps.secret.checkedAt'), secret.checked_at && time(secret.checked_at)],
      ],
      { short: true },
    ),
    h('div', { class: 'actions' }, button(t('steps.secret.replace'), { focus: `replace-${scope}`, onClick: replace })),
  ];
}

/** @param {{ state: State, scope: Scope, kind: SecretKind, isReplacing: boolean, onEnd: () => void }} props */
function SecretForm({ state, scope, kind, isReplacing, onEnd }) {
  const { api, announce, credentials, drafts, guide, store } = useShared();
  const { secret } = scopeState(state, scope);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [isShown, setShown] = useState(false);
  const [isBusy, run] = useBusy();
  /** What is wrong before anything is sent. */
  const [fault, setFault] = useState(/** @type {{ name: FieldName, text: string } | null} */ (null));
  /** What WeCom's check came to, and the field that it was about while that is as it was. */
  const [refusal, setRefusal] = useState(/** @type {{ problem: Problem, named: FieldName | null } | null} */ (null));
  const retryAt = refusal?.problem.retryAt ?? 0;
  const isPaused = useNow(retryAt > Date.now()) < retryAt && retryAt > Date.now();

  const typed = {
    corp_id: drafts.lastingField(`${scope}.corp_id`),
    secret: drafts.field(`${scope}.secret`),
    agent_id: drafts.lastingField(`${scope}.agent_id`),
  };
  const known = secret.corp_id ?? state.contacts.secret.corp_id;
  useEffect(() => {
    if (!typed.corp_id.peek() && known) typed.corp_id.value = known;
  }, [known]);
  useLayoutEffect(() => {
    if (isReplacing) focusField('corp_id');
  }, [isReplacing]);

  /** @param {FieldName} name */
  function focusField(name) {
    const input = form.current?.elements.namedItem(name);
    if (input instanceof HTMLElement) input.focus();
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    if (isPaused) return announce(retryText(retryAt));
    // What was said about an earlier try is no answer to this one.
    setRefusal(null);
    setFault(null);
    for (const field of Object.values(typed)) field.value = field.value.trim();
    for (const name of FIELDS[kind]) {
      const text = faultOf(name, typed[name].value);
      if (!text) continue;
      setFault({ name, text });
      return focusField(name);
    }
    return run(send);
  }

  async function send() {
    /** @type {SecretEntry} */
    const entry = { corp_id: typed.corp_id.value, secret: typed.secret.value };
    if (kind === 'app' && typed.agent_id.value) entry.agent_id = Number(typed.agent_id.value);
    try {
      const answer = await api.registerSecret(scope, entry);
      typed.secret.value = '';
      credentials.keep(scope, answer.credentials);
      await renew();
      onEnd();
      // The values are what comes next, and stand first now.
      const next = document.getElementById(`callback-${scope}`)?.closest('section');
      if (next && scopeState(store.snapshot.peek().state ?? state, scope).callback.status !== 'verified') focusOn(next);
      announce(t('page.live.secret_accepted', { secret: secretName(scope) }));
    } catch (thrown) {
      const problem = Problem.of(thrown);
      const named = namedBy(problem);
      // A Secret that WeCom has looked at and refused is of no further use; one that it has not, is.
      if (problem.status > 0 && named === 'secret' && problem.retryAt === null) typed.secret.value = '';
      setRefusal({ problem, named });
      await renew();
      focusField(named);
    }
  }

  async function renew() {
    await store.refresh({ fresh: true });
    store.expect();
  }

  /** @type {(name: FieldName, topic: string) => object} */
  const bound = (name, topic) => ({
    name,
    autocomplete: 'off',
    spellcheck: false,
    autocapitalize: 'off',
    value: typed[name].value,
    'aria-invalid': refusal?.named === name ? 'true' : undefined,
    onFocus: () => guide.suggest(topic),
    onInput: (/** @type {Event} */ event) => {
      typed[name].value = /** @type {HTMLInputElement} */ (event.currentTarget).value;
      if (fault?.name === name) setFault(null);
      if (refusal?.named === name) setRefusal({ ...refusal, named: null });
    },
  });
  /** @param {FieldName} name */
  const errorOf = (name) => (fault?.name === name ? fault.text : null);

  return h(
    'form',
    { noValidate: true, autocomplete: 'off', ref: form, onSubmit: submit },
    isReplacing && h('p', { class: 'note' }, t('steps.secret.replaceNote')),
    secret.status === 'rejected' && !refusal && wordsMessage('bad', words('status', 'secret.rejected', scope)),
    !isReady(state) &&
      message(
        'info',
        words('error', isInstalled(state) ? 'member_authorization' : 'not_installed').words,
        h('p', null, link(t('steps.secret.toInstall'), '#/install')),
      ),
    field({
      id: `corp-id-${scope}`,
      label: t('steps.secret.corpId'),
      hint: t('steps.secret.corpIdHint'),
      guide: h(GuideLink, { topic: 'corp-id' }),
      error: errorOf('corp_id'),
      input: { type: 'text', maxLength: 128, ...bound('corp_id', 'corp-id') },
    }),
    field({
      id: `secret-input-${scope}`,
      label: t(`steps.secret.name.${kind}`),
      hint: t(`steps.secret.hint.${kind}`),
      guide: h(GuideLink, { topic: `${kind}-secret` }),
      error: errorOf('secret'),
      input: {
        ...(isShown ? { type: 'text' } : { type: 'password' }),
        maxLength: 512,
        placeholder: secret.last_four ? t('steps.secret.saved', { tail: secret.last_four }) : '',
        ...bound('secret', `${kind}-secret`),
        autocomplete: 'new-password',
      },
      end: h(
        'button',
        {
          type: 'button',
          class: 'button button-plain field-end',
          'aria-pressed': isShown,
          'aria-label': t('steps.secret.look'),
          onClick: () => setShown(!isShown),
        },
        icon(isShown ? 'eye-off' : 'eye'),
      ),
    }),
    kind === 'app' &&
      field({
        id: 'agent-id',
        label: t('steps.secret.agentId'),
        hint: t('steps.secret.agentIdHint'),
        optional: true,
        guide: h(GuideLink, { topic: 'app-secret' }),
        error: errorOf('agent_id'),
        input: { type: 'text', inputMode: 'numeric', maxLength: 128, ...bound('agent_id', 'app-secret') },
      }),
    h(
      'div',
      { class: 'actions' },
      button(
        isPaused
          ? t('steps.secret.pausedFor', { time: clock(retryAt - Date.now()) })
          : t(isBusy ? 'steps.secret.checking' : 'steps.secret.submit'),
        {
          kind: 'primary',
          type: 'submit',
          focus: `submit-${scope}`,
          busy: isBusy,
          disabled: isPaused,
        },
      ),
      isReplacing && button(t('page.cancel'), { kind: 'plain', onClick: onEnd }),
    ),
    refusal && refused(scope, kind, refusal.problem),
    h('p', { class: 'note' }, icon('lock'), h('span', null, t('steps.secret.writeOnly'))),
  );
}

/** The field that a refusal is about. @param {Problem} problem @returns {FieldName} */
function namedBy({ code, fields }) {
  const named = fields[0]?.field;
  if (named === 'corp_id' || named === 'agent_id') return named;
  return code === 'unknown_corp_id' ? 'corp_id' : 'secret';
}

/** @type {(name: FieldName, value: string) => string | null} */
function faultOf(name, value) {
  if (name === 'agent_id') return value && !/^\d{1,10}$/.test(value) ? t('steps.fault.agentId') : null;
  if (!value) return t(name === 'corp_id' ? 'steps.fault.corpIdEmpty' : 'steps.fault.secretEmpty');
  return /\s/.test(value) ? t('steps.fault.blank') : null;
}

/** @param {number} ms */
function clock(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** @type {(scope: Scope, kind: SecretKind, problem: Problem) => Children} */
function refused(scope, kind, problem) {
  const known = REFUSED_CHECKS[problem.code];
  return [
    failure(problem, {
      context: scope,
      extra: [
        problem.retryAt !== null && h('p', null, retryText(problem.retryAt)),
        h(GuideLink, { topic: problem.code === 'unknown_corp_id' ? 'corp-id' : `${kind}-secret` }),
      ],
    }),
    known && checks(known),
  ];
}
