// ① 安装应用.

import { problemWords, words } from '../codes.js';
import { h, icon, show } from '../dom.js';
import { t } from '../i18n.js';
import { isInstalled } from '../progress.js';
import { disconnectControl, disconnectedMessage } from './disconnect.js';
import { guideLink } from './guide.js';
import { badge, button, facts, message, section, spinner, time, whileBusy, wordsMessage } from './parts.js';

const READ = 'wecom-authorization.preparation-read';

export function installStep(ctx) {
  const status = h('span', { class: 'card-status' });
  const arrival = h('div', {});
  const body = h('div', {});
  const failure = h('div', {});
  const countdown = h('span', { class: 'countdown', role: 'timer' });
  const ticking = setInterval(tick, 1000);
  const disconnect = disconnectControl(ctx);
  const before = preparation(ctx);
  let blocked = false;

  function phase({ installation }) {
    if (ctx.installation.link()) return 'waiting';
    if (installation.status === 'installed') return installation.auth_mode === 'member' ? 'member' : 'installed';
    if (ctx.installation.isFinishing()) return 'finishing';
    if (installation.status === 'cancelled') return 'cancelled';
    return ctx.installation.expired() ? 'expired' : 'fresh';
  }

  function update(state) {
    const now = phase(state);
    before.fit(now === 'fresh' && !ctx.drafts.noted('disconnected'));
    show(status, [now], () => badge(...BADGES[now]()));
    show(arrival, [ctx.drafts.noted('arrival'), ctx.drafts.noted('disconnected'), now], () => arrivalMessage(now));
    show(body, [now, state.installation, blocked], () => BODIES[now](state));
    tick();
  }

  const BADGES = {
    fresh: () => ['idle', words('status', 'installation.not_installed').words],
    expired: () => ['idle', words('status', 'installation.not_installed').words],
    waiting: () => ['wait', t('steps.install.badge.waiting')],
    finishing: () => ['wait', t('steps.install.badge.finishing')],
    installed: () => ['ok', words('status', 'installation.installed').words],
    member: () => ['warn', t('steps.install.badge.member')],
    cancelled: () => ['bad', words('status', 'installation.cancelled').words],
  };

  const BODIES = {
    fresh: () => [h('p', { class: 'lead' }, t('steps.install.lead')), beginActions()],
    expired: () => [wordsMessage('info', words('error', 'install_link_expired')), beginActions()],
    waiting: (state) => [
      h('div', { class: 'waiting' }, h('div', { class: 'waiting-track', 'aria-hidden': 'true' }, h('span', {})),
        h('div', { class: 'waiting-text' }, h('p', {}, h('strong', {}, t('steps.install.waiting'))), h('p', { class: 'quiet' }, countdown))),
      h('ol', { class: 'numbered' }, ['scan', 'choose', 'back'].map((name) => h('li', {}, t(`steps.install.do.${name}`)))),
      isInstalled(state) && h('p', { class: 'note' }, icon('info'), h('span', {}, t('steps.install.stillInstalled'))),
      blocked && message('warn', t('steps.install.blocked'), h('p', {}, h('a', { class: 'link', href: ctx.installation.link().url }, t('steps.install.openHere')))),
      h('div', { class: 'actions' },
        button(t('steps.install.reopen'), { iconName: 'outward', focus: 'begin', onClick: () => opened(ctx.installation.reopen()) }),
        button(t('steps.install.cancel'), { kind: 'plain', onClick: () => { ctx.installation.giveUp(); again(); } })),
    ],
    finishing: () => [spinner(t('steps.install.finishing'))],
    installed: (state) => [installedFacts(state.installation), h('div', { class: 'actions' }, beginButton(t('steps.install.again'), 'secondary'), disconnect.button), disconnect.failure],
    member: (state) => [
      wordsMessage('warn', words('error', 'member_authorization'), { code: 'member_authorization' }), installedFacts(state.installation), beginActions(),
    ],
    cancelled: (state) => [wordsMessage('bad', words('status', 'installation.cancelled')), installedFacts(state.installation), beginActions(t('steps.install.again'))],
  };

  function beginActions(label = t('steps.install.begin')) {
    return [h('div', { class: 'actions' }, beginButton(label, 'primary')), h('p', { class: 'note' }, icon('info'), h('span', {}, t('steps.install.note')))];
  }

  function beginButton(label, kind) {
    const pressed = button(label, {
      kind, iconName: 'outward', focus: 'begin',
      onClick: () => whileBusy(pressed, t('steps.install.preparing'), async () => {
        ctx.drafts.note('arrival', null);
        ctx.drafts.note('disconnected', null);
        show(failure, [], () => null);
        await ctx.installation.begin(ctx.store.snapshot.state).then(opened, failed);
      }),
    });
    return pressed;
  }

  function opened({ opened: wasOpened }) {
    blocked = !wasOpened;
    ctx.store.expect();
    again();
    ctx.announce(t('page.live.install_begun'));
  }

  function failed(problem) {
    show(failure, [Date.now()], () => wordsMessage('bad', problemWords(problem, 'installation'), { code: problem.code, small: [problem.requestId], alert: true }));
  }

  function arrivalMessage(now) {
    const left = ctx.drafts.noted('disconnected');
    if (left && now === 'fresh') return disconnectedMessage(left, () => { ctx.drafts.note('disconnected', null); again(); });
    const noted = ctx.drafts.noted('arrival');
    if (!noted || now === 'waiting' || noted.outcome !== 'failed') return null;
    const installed = now === 'installed' && t('steps.install.stillInstalled');
    return wordsMessage('bad', words('error', noted.code, 'installation'), { code: noted.code, extra: installed && h('p', {}, installed) });
  }

  function again() {
    if (ctx.store.snapshot.state) update(ctx.store.snapshot.state);
  }

  function tick() {
    const link = ctx.installation.link();
    if (!link) return ctx.installation.expired() ? body.querySelector('.waiting') && again() : undefined;
    const seconds = Math.max(0, Math.round((Date.parse(link.expires_at) - Date.now()) / 1000));
    countdown.textContent = t('steps.install.countdown', { minutes: Math.floor(seconds / 60), seconds: String(seconds % 60).padStart(2, '0') });
    return undefined;
  }

  const element = [
    before.element,
    section('install-card', t('steps.install.title'), status, arrival, body, failure),
  ];
  return { element, update, leave: () => clearInterval(ticking) };
}

function installedFacts({ corp_name: name, corp_id: id, agent_id: agent, auth_mode: mode, installed_at: at }) {
  return facts([
    [t('steps.install.corp'), name && h('strong', {}, name)],
    [t('steps.install.mode'), mode && words('auth_mode', mode).words],
    [t('steps.install.at'), at && time(at)],
    [t('steps.install.agent'), agent && h('code', {}, agent)],
    [t('steps.install.encryptedId'), id && h('code', {}, id)],
  ]);
}

/** 开始前请确认: open where the admin begins, until it has been read once in this browser. */
function preparation(ctx) {
  const read = globalThis.localStorage.getItem(READ) !== null;
  const links = { domain: 'callback-domain', ip: 'trusted-ip', corpId: 'corp-id', customer: 'app-secret' };
  let wasFit = null;
  const box = h('details', { class: 'preparation' },
    h('summary', {}, icon('list'), h('span', {}, t('steps.prepare.title')), icon('chevron', 'chevron')),
    h('ul', {}, ['role', 'domain', 'ip', 'corpId', 'customer'].map((name) => h('li', {},
      h('span', {}, t(`steps.prepare.${name}`)), links[name] && guideLink(ctx, links[name])))),
    h('div', { class: 'actions' }, button(t('steps.prepare.read'), {
      onClick: () => {
        globalThis.localStorage.setItem(READ, 'yes');
        box.open = false;
        box.querySelector('summary').focus();
      },
    })));
  return {
    element: box,
    /** Only a change of what fits opens or closes it: what the admin has done with it stays. */
    fit(isFit) {
      if (isFit === wasFit) return;
      wasFit = isFit;
      box.open = isFit && !read;
    },
  };
}
