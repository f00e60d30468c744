// What stays around every view: name, corporation, language, title, the way round, the state of the connection.

import { problemWords } from '../codes.js';
import { h, icon, show } from '../dom.js';
import { LANGUAGES, currentLanguage, moment, t } from '../i18n.js';
import { isInstalled, STEPS } from '../progress.js';
import { href } from '../router.js';
import { healthBanner } from './health.js';
import { badge, button, message, whileBusy } from './parts.js';
import { stepper } from './stepper.js';

const TABS = ['overview', 'events', 'audit', 'settings'];

export function createFrame(ctx, { onLanguage }) {
  const corp = h('div', { class: 'corp' });
  const checked = h('span', { class: 'quiet checked' });
  const again = button(t('page.refresh'), { kind: 'plain', iconName: 'refresh', onClick: refresh });
  const way = h('div', { class: 'way' });
  const connection = h('div', { class: 'connection', role: 'status' });
  const health = h('section', { class: 'connection', 'aria-label': t('page.connection') });
  const main = h('main', { id: 'main', tabindex: '-1' });
  const subtitle = h('p', { class: 'subtitle' });
  const steps = stepper();
  const element = [
    h('a', { class: 'skip', href: '#main', on: { click: (event) => { event.preventDefault(); main.focus(); } } }, t('page.skip')),
    h('header', { class: 'top' },
      h('div', { class: 'bar' }, h('div', { class: 'inner' },
        h('span', { class: 'brand' }, icon('mark', 'mark'), h('span', {}, t('page.product'))), corp, languageSwitch(onLanguage))),
      h('div', { class: 'inner head' }, h('div', {}, h('h1', {}, t('page.title')), subtitle), h('div', { class: 'refresh' }, checked, again))),
    h('div', { class: 'inner body' }, way, connection, health, h('div', { class: 'columns' }, main, ctx.guide.element)),
  ];

  async function refresh() {
    await whileBusy(again, t('page.refreshing'), () => ctx.store.refresh({ fresh: true }));
    ctx.store.expect();
    ctx.announce(ctx.store.snapshot.problem ? t('page.live.refresh_failed') : t('page.live.refreshed'));
  }

  function update({ state, problem, checkedAt }, route) {
    const at = checkedAt && moment(new Date(checkedAt).toISOString());
    checked.textContent = at ? t('page.checkedAt', { time: at }) : '';
    show(connection, [problem?.code, at === null], () => problem && state && connectionLost(problem, at, ctx.session));
    if (!state) return;
    show(corp, [state.installation], () => isInstalled(state) && [badge('ok', t('page.installed')), h('span', { class: 'corp-name' }, state.installation.corp_name)]);
    const isStep = STEPS.includes(route);
    const completed = Boolean(state.completed_at);
    subtitle.textContent = t(isStep || !completed ? 'page.subtitle' : 'page.subtitleDone');
    show(health, [state.findings, completed, route], () => healthBanner(state, route));
    show(way, [isStep, completed, isStep ? null : route], () => [completed && tabs(route), isStep && steps.element]);
    if (isStep) steps.update(state, route);
  }

  return { element, main, update };
}

function tabs(route) {
  const item = (name, current, target) => h('a', { href: href(target), 'aria-current': current ? 'page' : undefined, 'data-focus': `tab-${name}` }, t(`page.tab.${name}`));
  return h('nav', { class: 'tabs', 'aria-label': t('page.tabs') },
    h('ul', {}, TABS.map((tab) => h('li', {}, item(tab, tab === route, tab))), h('li', { class: 'tabs-end' }, item('reconfigure', STEPS.includes(route), 'install'))));
}

function connectionLost(problem, at, session) {
  if (problem.code === 'unauthenticated') {
    return message('warn', t('page.expired'), [
      h('p', {}, t(session.signIn ? 'page.expiredHint' : 'page.expiredLocal')), session.signIn && button(t('page.signIn'), { kind: 'primary', onClick: () => session.signIn() })]);
  }
  const title = problem.code === 'network' ? t('page.connectionLost') : problemWords(problem).words;
  return message('warn', title, h('p', {}, t('page.connectionLostHint', { time: at ?? '' })));
}

function languageSwitch(onLanguage) {
  return h('div', { class: 'languages', role: 'group', 'aria-label': t('page.language') }, LANGUAGES.map((code) => h('button', {
    type: 'button', lang: code, 'aria-pressed': String(code === currentLanguage()), 'data-language': code, on: { click: () => onLanguage(code) },
  }, { 'zh-CN': '中文', en: 'EN' }[code])));
}
