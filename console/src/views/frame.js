// What stays around every view: name, corporation, language, title, the way round, the state of the connection.

import { h } from 'preact';
import { problemWords } from '../codes.js';
import { useShared } from '../context.js';
import { currentLanguage, loadTexts, moment, t } from '../i18n.js';
import { asLanguage, LANGUAGES, rememberLanguage } from '../language.js';
import { isInstalled, isStep } from '../progress.js';
import { href } from '../router.js';
import { BindingSwitch } from './bindings.js';
import { GuidePanel } from './guide.js';
import { healthBanner } from './health.js';
import { badge, button, icon, message, WorkButton } from './parts.js';
import { Stepper } from './stepper.js';

/** @import { Language } from '../language.js' */
/** @import { Problem } from '../problem.js' */
/** @import { Children, Route } from '../types.js' */

const TABS = /** @type {const} */ (['overview', 'events', 'audit', 'settings']);
/** @type {Record<Language, string>} */
const LANGUAGE_NAMES = { 'zh-CN': '中文', en: 'EN' };

/** @param {{ route: Route | null, children: Children }} props */
export function Frame({ route, children }) {
  const { announce, bindings, session, store } = useShared();
  const { state, problem, checkedAt } = store.snapshot.value;
  const at = checkedAt === null ? null : moment(new Date(checkedAt).toISOString());
  const isCompleted = state !== null && state.completed_at !== null;

  async function refresh() {
    await store.refresh({ fresh: true });
    store.expect();
    announce(t(store.snapshot.peek().problem ? 'page.live.refresh_failed' : 'page.live.refreshed'));
  }

  return [
    h(
      'a',
      {
        class: 'skip',
        href: '#main',
        onClick: (/** @type {Event} */ event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        },
      },
      t('page.skip'),
    ),
    h(
      'header',
      { class: 'top' },
      h(
        'div',
        { class: 'bar' },
        h(
          'div',
          { class: 'inner' },
          h('span', { class: 'brand' }, icon('mark', 'mark'), h('span', null, t('page.product'))),
          h(
            'div',
            { class: 'corp' },
            state && isInstalled(state) && badge('ok', t('page.installed')),
            state && bindings.list.value.length > 1
              ? h(BindingSwitch, { state })
              : state && isInstalled(state) && h('span', { class: 'corp-name' }, state.installation.corp_name),
          ),
          h(LanguageSwitch, null),
        ),
      ),
      h(
        'div',
        { class: 'inner head' },
        h(
          'div',
          null,
          h('h1', null, t('page.title')),
          state &&
            (!isStep(route) || route === 'install') &&
            h('p', { class: 'subtitle' }, t(isCompleted ? 'page.subtitleDone' : 'page.subtitle')),
        ),
        h(
          'div',
          { class: 'refresh' },
          h('span', { class: 'quiet checked' }, at && t('page.checkedAt', { time: at })),
          h(WorkButton, {
            text: t('page.refresh'),
            busyText: t('page.refreshing'),
            kind: 'plain',
            iconName: 'refresh',
            work: refresh,
          }),
        ),
      ),
    ),
    h(
      'div',
      { class: 'inner body' },
      h(
        'div',
        { class: 'way' },
        route && isCompleted && tabs(route),
        state && isStep(route) && h(Stepper, { state, step: route }),
      ),
      h('div', { class: 'connection', role: 'status' }, problem && state && connectionLost(problem, at, session)),
      h(
        'section',
        { class: 'connection', 'aria-label': t('page.connection') },
        state && route && healthBanner(state, route),
      ),
      h('div', { class: 'columns' }, h('main', { id: 'main', tabIndex: -1 }, children), h(GuidePanel, null)),
    ),
  ];
}

/** @param {Route} route */
function tabs(route) {
  /** @type {(name: string, isCurrent: boolean, target: Route) => Children} */
  const item = (name, isCurrent, target) =>
    h(
      'a',
      { href: href(target), 'aria-current': isCurrent ? 'page' : undefined, 'data-focus': `tab-${name}` },
      t(`page.tab.${name}`),
    );
  return h(
    'nav',
    { class: 'tabs', 'aria-label': t('page.tabs') },
    h(
      'ul',
      null,
      TABS.map((tab) => h('li', { key: tab }, item(tab, tab === route, tab))),
      h('li', { class: 'tabs-end' }, item('reconfigure', isStep(route), 'install')),
    ),
  );
}

/** @type {(problem: Problem, at: string | null, session: import('../session.js').Session) => Children} */
function connectionLost(problem, at, { host, signIn }) {
  if (problem.code === 'unauthenticated') {
    return message('warn', t('page.expired'), [
      h('p', null, t(host ? 'page.expiredHost' : signIn ? 'page.expiredHint' : 'page.expiredLocal')),
      signIn && button(t('page.signIn'), { kind: 'primary', onClick: () => void signIn() }),
    ]);
  }
  const title = problem.code === 'network' ? t('page.connectionLost') : problemWords(problem).words;
  return message('warn', title, h('p', null, t('page.connectionLostHint', { time: at ?? '' })));
}

function LanguageSwitch() {
  /** @param {MouseEvent} event */
  async function speak({ currentTarget }) {
    const language = asLanguage(/** @type {HTMLElement} */ (currentTarget).dataset.language);
    if (!language) return;
    await loadTexts(language);
    rememberLanguage(language);
  }
  return h(
    'div',
    { class: 'languages', role: 'group', 'aria-label': t('page.language') },
    LANGUAGES.map((code) =>
      h(
        'button',
        {
          type: 'button',
          key: code,
          lang: code,
          'aria-pressed': code === currentLanguage(),
          'data-language': code,
          onClick: speak,
        },
        LANGUAGE_NAMES[code],
      ),
    ),
  );
}
