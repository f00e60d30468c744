// The Secret of a scope: entered, checked by WeCom, kept by the server, never shown again.

import { problemWords, words } from '../codes.js';
import { h, icon, setAttributes, show } from '../dom.js';
import { moment, t } from '../i18n.js';
import { isInstalled, isReady, scopeState } from '../progress.js';
import { secretBadge } from './badges.js';
import { guideLink } from './guide.js';
import { button, facts, field, message, section, time, whileBusy, wordsMessage } from './parts.js';

/** `kind()` is `contacts`, `customer` or `app`: which Secret the admin is being asked for. */
export function secretCard(ctx, scope, kind) {
  const status = h('span', { class: 'card-status' });
  const body = h('div', {});
  let editing = false;
  let outcome = null;

  function update(state) {
    const { secret } = scopeState(state, scope);
    show(status, [secret.status, secret.kind_check], () => secretBadge(secret));
    const asForm = secret.status !== 'accepted' || editing;
    show(body, [asForm, kind(), secret, outcome?.at, isReady(state)], () => (asForm ? form(state, secret) : summary(secret)));
  }

  function summary(secret) {
    return [
      checks({ accepted: true, kindCheck: secret.kind_check }),
      secret.kind_check === 'ip_not_trusted' && wordsMessage('info', words('kind_check', 'ip_not_trusted', scope), { extra: guideLink(ctx, 'trusted-ip') }),
      ['unconfirmed', 'app_disabled'].includes(secret.kind_check) && wordsMessage('info', words('kind_check', secret.kind_check, scope)),
      facts([
        [t('steps.secret.corpId'), secret.corp_id && h('code', {}, secret.corp_id)],
        [t(`steps.secret.name.${kind()}`), secret.last_four && h('code', { class: 'masked' }, `••••••••${secret.last_four}`)],
        [t('steps.secret.registeredAt'), secret.registered_at && time(secret.registered_at)],
        [t('steps.secret.checkedAt'), secret.checked_at && time(secret.checked_at)],
      ], { short: true }),
      h('div', { class: 'actions' }, button(t('steps.secret.replace'), { focus: `replace-${scope}`, onClick: () => edit(true) })),
    ];
  }

  function edit(wanted) {
    editing = wanted;
    outcome = null;
    update(ctx.store.snapshot.state);
    if (wanted) body.querySelector('input')?.focus();
  }

  function form(state, secret) {
    const fields = formFields(ctx, scope, kind(), state, secret);
    const submit = button(t('steps.secret.submit'), { kind: 'primary', type: 'submit', focus: `submit-${scope}` });
    return h('form', { novalidate: true, autocomplete: 'off', on: { submit: (event) => send(event, fields, submit) } },
      editing && h('p', { class: 'note' }, t('steps.secret.replaceNote')),
      secret.status === 'rejected' && !outcome && wordsMessage('bad', words('status', 'secret.rejected', scope)),
      !isReady(state) && message('info', words('error', isInstalled(state) ? 'member_authorization' : 'not_installed').words,
        h('p', {}, h('a', { class: 'link', href: '#/install' }, t('steps.secret.toInstall')))),
      Object.values(fields).map((entry) => entry.element),
      h('p', { class: 'note' }, icon('lock'), h('span', {}, t('steps.secret.writeOnly'))),
      h('div', { class: 'actions' }, submit,
        editing && button(t('page.cancel'), { kind: 'plain', onClick: () => edit(false) })),
      outcome && refusal(ctx, scope, kind(), outcome.problem));
  }

  async function send(event, fields, submit) {
    event.preventDefault();
    if (outcome?.problem.retryAt > Date.now()) return ctx.announce(retryText(outcome.problem));
    const entry = readEntry(fields);
    if (!entry) return undefined;
    await whileBusy(submit, t('steps.secret.checking'), async () => {
      try {
        const answer = await ctx.api.registerSecret(scope, entry);
        fields.secret.input.value = '';
        editing = false;
        outcome = null;
        ctx.credentials.keep(scope, answer.credentials);
      } catch (problem) {
        if (problem.code !== 'network') fields.secret.input.value = '';
        outcome = { problem, at: Date.now() };
      }
      await ctx.store.refresh({ fresh: true });
      ctx.store.expect();
    });
    update(ctx.store.snapshot.state);
    if (outcome) return complainAbout(outcome.problem);
    return ctx.announce(t('page.live.secret_accepted', { scope: t(`page.scope.${scope}`) }));
  }

  function complainAbout(problem) {
    const named = problem.fields[0]?.field ?? (problem.code === 'unknown_corp_id' ? 'corp_id' : 'secret');
    const input = body.querySelector(`[name="${CSS.escape(named)}"]`) ?? body.querySelector('[name="secret"]');
    if (!input) return;
    setAttributes(input, { 'aria-invalid': 'true' });
    input.focus();
  }

  return { element: section(`secret-${scope}`, t(`steps.secret.title.${scope}`), status, body), update };
}

function formFields(ctx, scope, kind, state, secret) {
  const corpId = ctx.drafts.lastingField(`${scope}.corp_id`, () => textInput('corp_id'));
  if (!corpId.value) corpId.value = secret.corp_id ?? state.contacts.secret.corp_id ?? '';
  const secretInput = ctx.drafts.field(`${scope}.secret`, () => h('input', {
    type: 'password', name: 'secret', autocomplete: 'new-password', spellcheck: 'false', autocapitalize: 'off', maxlength: '512',
  }));
  secretInput.placeholder = secret.last_four ? t('steps.secret.saved', { tail: secret.last_four }) : '';
  const fields = {
    corp_id: field({
      id: `corp-id-${scope}`, label: t('steps.secret.corpId'), input: corpId, hint: t('steps.secret.corpIdHint'), guide: guideLink(ctx, 'corp-id'),
    }),
    secret: field({
      id: `secret-input-${scope}`, label: t(`steps.secret.name.${kind}`), input: secretInput, hint: t(`steps.secret.hint.${kind}`),
      guide: guideLink(ctx, `${kind}-secret`),
    }),
  };
  if (kind === 'app') {
    const agentId = ctx.drafts.lastingField('external-contacts.agent_id', () => textInput('agent_id', { inputmode: 'numeric' }));
    fields.agent_id = field({
      id: 'agent-id', label: t('steps.secret.agentId'), input: agentId, hint: t('steps.secret.agentIdHint'), optional: true, guide: guideLink(ctx, 'app-secret'),
    });
  }
  for (const [name, entry] of Object.entries(fields)) {
    entry.input.onfocus = () => ctx.guide.suggest(name === 'corp_id' ? 'corp-id' : `${kind}-secret`);
    entry.input.oninput = entry.calm;
  }
  return fields;
}

function textInput(name, attributes = {}) {
  return h('input', { type: 'text', name, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', maxlength: '128', ...attributes });
}

/** What to send, or null after saying at the field what is wrong with it. */
function readEntry(fields) {
  const entry = {};
  for (const [name, { input, complain }] of Object.entries(fields)) {
    input.value = input.value.trim();
    const fault = faultOf(name, input.value);
    if (fault) {
      complain(t(`steps.fault.${fault}`));
      input.focus();
      return null;
    }
    if (input.value) entry[name] = name === 'agent_id' ? Number(input.value) : input.value;
  }
  return entry;
}

function faultOf(name, value) {
  if (name === 'agent_id') return value && !/^\d{1,10}$/.test(value) ? 'agentId' : null;
  if (!value) return name === 'corp_id' ? 'corpIdEmpty' : 'secretEmpty';
  if (/\s/.test(value)) return 'blank';
  return null;
}

/** How far WeCom's check came, as far as its answer tells. */
const CHECKS = {
  unknown_corp_id: { match: 'bad' },
  secret_rejected: { match: 'bad' },
  corp_mismatch: { installed: 'bad' },
  wrong_secret_kind: { match: 'ok', installed: 'ok', kind: 'bad' },
};

function checks({ accepted, kindCheck, code }) {
  const known = accepted ? { match: 'ok', installed: 'ok', kind: kindCheck === 'confirmed' ? 'ok' : 'open' } : CHECKS[code];
  if (!known) return null;
  return h('ul', { class: 'checks', 'aria-label': t('steps.checks.title') }, ['match', 'installed', 'kind'].map((name) => {
    const result = known[name] ?? 'open';
    return h('li', { class: `check check-${result}` }, icon({ ok: 'check', bad: 'cross', open: 'dot' }[result]),
      h('span', {}, t(`steps.checks.${name}`)), h('span', { class: 'check-result' }, t(`steps.checks.${result}`)));
  }));
}

function retryText({ retryAt }) {
  return t('steps.secret.retryAt', { time: moment(new Date(retryAt).toISOString()) });
}

function refusal(ctx, scope, kind, problem) {
  const topic = problem.code === 'unknown_corp_id' ? 'corp-id' : `${kind}-secret`;
  const small = [problem.errcode && `errcode ${problem.errcode}`, problem.requestId].filter(Boolean);
  return [
    wordsMessage('bad', problemWords(problem, scope), {
      code: problem.code, small, alert: true, extra: [problem.retryAt && h('p', {}, retryText(problem)), guideLink(ctx, topic)],
    }),
    checks({ code: problem.code }),
  ];
}
