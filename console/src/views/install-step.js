// ① 安装应用.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { words } from '../codes.js';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { isInstalled } from '../progress.js';
import { LeaveBinding } from './bindings.js';
import { ConfirmCorporation } from './confirm-corporation.js';
import { DisconnectControl, disconnectedMessage } from './disconnect.js';
import {
  badge,
  button,
  facts,
  failure,
  icon,
  message,
  section,
  spinner,
  time,
  useNow,
  WorkButton,
  wordsMessage,
} from './parts.js';
import { Preparation } from './preparation.js';
import { QrCodeWaiting } from './qr-code.js';

/** @import { Arrival } from '../arrival.js' */
/** @import { Shared } from '../context.js' */
/** @import { Children, Installation, State, Tone } from '../types.js' */

/** @typedef {'fresh' | 'expired' | 'waiting' | 'scanning' | 'confirming' | 'finishing' | 'installed' | 'member' | 'cancelled'} Phase */

/** @type {(state: State, flow: Shared['installation']) => Phase} */
function phaseOf({ installation }, flow) {
  const link = flow.link();
  if (link) return link.isQrCode ? 'scanning' : 'waiting';
  if (installation.status === 'awaiting_confirmation') return 'confirming';
  if (installation.status === 'installed') return installation.auth_mode === 'member' ? 'member' : 'installed';
  if (flow.isFinishing()) return 'finishing';
  if (installation.status === 'cancelled') return 'cancelled';
  return flow.expired() ? 'expired' : 'fresh';
}

/** @type {Record<Phase, () => [Tone, string]>} */
const BADGES = {
  fresh: () => ['idle', words('status', 'installation.not_installed').words],
  expired: () => ['idle', words('status', 'installation.not_installed').words],
  waiting: () => ['wait', t('steps.install.badge.waiting')],
  scanning: () => ['wait', t('steps.install.badge.waiting')],
  confirming: () => ['warn', words('status', 'installation.awaiting_confirmation').words],
  finishing: () => ['wait', t('steps.install.badge.finishing')],
  installed: () => ['ok', words('status', 'installation.installed').words],
  member: () => ['warn', t('steps.install.badge.member')],
  cancelled: () => ['bad', words('status', 'installation.cancelled').words],
};

/** @param {{ state: State }} props */
export function InstallStep({ state }) {
  const shared = useShared();
  const { drafts, installation: flow } = shared;
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const now = useNow(flow.isAwaited());
  const phase = phaseOf(state, flow);
  const templates = state.platform.template_ids;
  const [chosen, choose] = useState(templates[0]);
  const begin = { state, onFailure: setProblem, templateId: chosen };
  const choice = templates.length > 0 && h(AppChoice, { templates, chosen, choose });

  function body() {
    switch (phase) {
      case 'fresh':
        return [choice || h('p', { class: 'lead' }, t('steps.install.lead')), h(BeginActions, begin)];
      case 'expired':
        return [wordsMessage('info', words('error', 'install_link_expired')), choice, h(BeginActions, begin)];
      case 'waiting':
        return h(Waiting, { state, now });
      case 'scanning':
        return h(QrCodeWaiting, {
          state,
          now,
          again: h(BeginButton, { ...begin, text: t('steps.qr.again'), kind: 'secondary' }),
        });
      case 'confirming':
        return h(ConfirmCorporation, { state, onFailure: setProblem });
      case 'finishing':
        return spinner(t('steps.install.finishing'));
      case 'installed':
        return [
          installedFacts(state.installation),
          h(DisconnectControl, {
            state,
            beside: h(BeginButton, {
              ...begin,
              templateId: state.installation.is_customized_app ? templates[0] : undefined,
              text: t('steps.install.again'),
              kind: 'secondary',
            }),
          }),
        ];
      case 'member':
        return [
          wordsMessage('warn', words('error', 'member_authorization'), { code: 'member_authorization' }),
          installedFacts(state.installation),
          choice,
          h(BeginActions, begin),
        ];
      case 'cancelled':
        return [
          wordsMessage('bad', words('status', 'installation.cancelled')),
          installedFacts(state.installation),
          choice,
          h(BeginActions, { ...begin, text: t('steps.install.again') }),
        ];
    }
  }

  return [
    section(
      'install-card',
      t('steps.install.title'),
      h('span', { class: 'card-status' }, badge(...BADGES[phase]())),
      arrivalMessage(phase, drafts),
      body(),
      problem && failure(problem, { context: 'installation' }),
      h(LeaveBinding, { state }),
    ),
    h(Preparation, {
      key: phase === 'fresh' ? 'fresh' : 'later',
      isFit: phase === 'fresh' && !drafts.noted('disconnected'),
    }),
  ];
}

/** @typedef {{ state: State, onFailure: (problem: Problem | null) => void, templateId?: string | undefined, text?: string, kind?: 'primary' | 'secondary' }} BeginProps */

/** Which kind of app. @param {{ templates: string[], chosen: string | undefined, choose: (templateId: string | undefined) => void }} props */
function AppChoice({ templates, chosen, choose }) {
  /** @type {(id: string | undefined, kind: 'customized' | 'standard') => Children} */
  const card = (id, kind) =>
    h(
      'label',
      { class: 'choice-card', key: id ?? kind },
      h('input', { type: 'radio', name: 'app-kind', checked: chosen === id, onChange: () => choose(id) }),
      h(
        'span',
        null,
        h('strong', null, t(`steps.install.kind.${kind}`)),
        h('span', { class: 'quiet' }, t(`steps.install.kind.${kind}About`)),
        templates.length > 1 && id && h('code', null, id),
      ),
    );
  return h(
    'fieldset',
    { class: 'choice' },
    h('legend', null, t('steps.install.kind.title')),
    templates.map((id) => card(id, 'customized')),
    card(undefined, 'standard'),
  );
}

/** @param {BeginProps} props */
function BeginActions(props) {
  return [
    h('div', { class: 'actions' }, h(BeginButton, props)),
    h(
      'p',
      { class: 'note' },
      icon('info'),
      h('span', null, t(props.templateId ? 'steps.qr.note' : 'steps.install.note')),
    ),
  ];
}

/** @param {BeginProps} props */
function BeginButton({ state, onFailure, templateId, text, kind = 'primary' }) {
  const { announce, drafts, installation: flow, store } = useShared();

  async function begin() {
    drafts.note('arrival', null);
    drafts.note('disconnected', null);
    onFailure(null);
    try {
      await (templateId ? flow.beginWithQrCode(state, templateId) : flow.begin(state));
    } catch (thrown) {
      return onFailure(Problem.of(thrown));
    }
    store.expect();
    return announce(t(flow.link()?.isQrCode ? 'page.live.qr_code_shown' : 'page.live.install_begun'));
  }

  return h(WorkButton, {
    text: text ?? t(templateId ? 'steps.qr.begin' : 'steps.install.begin'),
    busyText: t('steps.install.preparing'),
    kind,
    iconName: templateId ? undefined : 'outward',
    focus: 'begin',
    work: begin,
  });
}

/** @param {{ state: State, now: number }} props */
function Waiting({ state, now }) {
  const { announce, installation: flow, store } = useShared();
  const link = flow.link();
  const seconds = link ? Math.max(0, Math.round((Date.parse(link.expires_at) - now) / 1000)) : 0;

  function reopen() {
    flow.reopen();
    store.expect();
    announce(t('page.live.install_begun'));
  }

  return [
    h(
      'div',
      { class: 'waiting' },
      h('div', { class: 'waiting-track', 'aria-hidden': 'true' }, h('span', null)),
      h(
        'div',
        { class: 'waiting-text' },
        h('p', null, h('strong', null, t('steps.install.waiting'))),
        h(
          'p',
          { class: 'quiet' },
          h(
            'span',
            { class: 'countdown', role: 'timer' },
            t('steps.install.countdown', {
              minutes: Math.floor(seconds / 60),
              seconds: String(seconds % 60).padStart(2, '0'),
            }),
          ),
        ),
      ),
    ),
    h(
      'ol',
      { class: 'numbered' },
      ['scan', 'choose', 'back'].map((name) => h('li', { key: name }, t(`steps.install.do.${name}`))),
    ),
    h('p', { class: 'note phone-only' }, icon('info'), h('span', null, t('steps.install.onPhone'))),
    isInstalled(state) && h('p', { class: 'note' }, icon('info'), h('span', null, t('steps.install.stillInstalled'))),
    flow.blocked.value &&
      link &&
      message(
        'warn',
        t('steps.install.blocked'),
        h('p', null, h('a', { class: 'link', href: link.url }, t('steps.install.openHere'))),
      ),
    h(
      'div',
      { class: 'actions' },
      button(t('steps.install.reopen'), { iconName: 'outward', focus: 'begin', onClick: reopen }),
      button(t('steps.install.cancel'), { kind: 'plain', onClick: flow.giveUp }),
    ),
  ];
}

/** @type {(phase: Phase, drafts: Shared['drafts']) => Children} */
function arrivalMessage(phase, drafts) {
  const left = drafts.noted('disconnected');
  if (typeof left === 'string' && phase === 'fresh')
    return disconnectedMessage(left, () => drafts.note('disconnected', null));
  const noted = /** @type {Arrival | null} */ (drafts.noted('arrival'));
  if (noted?.outcome !== 'failed' || phase === 'waiting') return null;
  return wordsMessage('bad', words('error', noted.code, 'installation'), {
    code: noted.code,
    extra: phase === 'installed' && h('p', null, t('steps.install.stillInstalled')),
  });
}

/** @param {Installation} installation */
function installedFacts({ corp_name: name, corp_id: id, agent_id: agent, auth_mode: mode, installed_at: at }) {
  return facts([
    [t('steps.install.corp'), name && h('strong', null, name)],
    [t('steps.install.mode'), mode && words('auth_mode', mode).words],
    [t('steps.install.at'), at && time(at)],
    [t('steps.install.agent'), agent && h('code', null, agent)],
    [t('steps.install.encryptedId'), id && h('code', null, id)],
  ]);
}
