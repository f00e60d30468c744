// The page as a whole: which view is shown, and what all views share.

import { onArrivalElsewhere } from './arrival.js';
import { createCredentials } from './credentials.js';
import { h } from './dom.js';
import { createDrafts } from './drafts.js';
import { currentLanguage, loadTexts, moment, rememberLanguage, t } from './i18n.js';
import { createInstallation } from './installation.js';
import { happenings, isInstalled, isWaiting, STEPS, stepOf } from './progress.js';
import { createRouter } from './router.js';
import { createStore } from './state.js';
import { audit } from './views/audit.js';
import { loading, unreachableView } from './views/entrance.js';
import { events } from './views/events.js';
import { finishStep } from './views/finish-step.js';
import { createFrame } from './views/frame.js';
import { createGuide } from './views/guide.js';
import { installStep } from './views/install-step.js';
import { overview } from './views/overview.js';
import { contactsStep, externalContactsStep } from './views/scope-step.js';
import { settings } from './views/settings.js';
import { stepFooter } from './views/stepper.js';
import { words } from './codes.js';

const VIEWS = {
  install: installStep, contacts: contactsStep, 'external-contacts': externalContactsStep, finish: finishStep, overview, events, audit, settings,
};
const TOPICS = { install: 'install', finish: 'finish', settings: 'callback-domain' };

export function createPage(root, { api, session, arrival }) {
  const announcer = h('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' });
  const installation = createInstallation({ api });
  const store = createStore({ api, isWaiting: (state) => isWaiting(state) || installation.isAwaited() });
  const ctx = {
    api, session, store, installation,
    router: createRouter(), guide: createGuide(), drafts: createDrafts(), credentials: createCredentials({ api }),
    announce(text) { announcer.textContent = text; },
    /** Begins anew: what was held for the authorization that has ended is of no use. */
    forget() {
      ctx.drafts.clear();
      ctx.credentials.clear();
      installation.giveUp();
    },
  };
  let frame = null;
  let view = null;
  let footer = null;
  let shownRoute = null;
  let shownTopic = null;
  let entrance = null;

  function start() {
    receive(arrival);
    if (arrival) ctx.router.settle('install');
    onArrivalElsewhere((hint) => {
      receive(hint);
      store.refresh({ fresh: true });
    });
    ctx.router.subscribe(() => show(true));
    store.subscribe(update);
    build();
    return store.start();
  }

  function receive(hint) {
    if (hint?.outcome === 'installed') installation.returned();
    if (hint?.outcome === 'failed') {
      installation.giveUp();
      ctx.drafts.note('arrival', hint);
    }
  }

  function build() {
    document.documentElement.lang = currentLanguage();
    view?.leave?.();
    view = null;
    shownRoute = null;
    entrance = null;
    frame = createFrame(ctx, { onLanguage: speak });
    root.replaceChildren(...frame.element, announcer);
    ctx.guide.renew();
    show(false);
  }

  async function speak(language) {
    await loadTexts(language);
    rememberLanguage(language);
    build();
    root.querySelector(`[data-language="${language}"]`).focus();
  }

  /** The route in the address; without one, where the server's state says that the admin should go on. */
  function route({ next_step: nextStep, completed_at: completedAt }) {
    return ctx.router.current() ?? (completedAt ? 'overview' : stepOf(nextStep));
  }

  function show(moved) {
    const { state, problem } = store.snapshot;
    if (!state) return showEntrance(problem);
    const wanted = route(state);
    if (!ctx.router.current()) ctx.router.settle(wanted);
    if (wanted !== shownRoute) mount(wanted, moved, state);
    frame.update(store.snapshot, wanted);
    view.update(state);
    showTopic(view.topic?.(state) ?? TOPICS[wanted] ?? 'none');
    return footer?.update(state);
  }

  function mount(wanted, moved, state) {
    view?.leave?.();
    shownRoute = wanted;
    view = VIEWS[wanted](ctx);
    footer = STEPS.includes(wanted) ? stepFooter(ctx, wanted) : null;
    const heading = h('h2', { tabindex: '-1', class: 'view-title' }, t(`page.viewTitle.${wanted}`));
    const intro = t(`page.viewIntro.${wanted}`);
    frame.main.replaceChildren(heading, h('p', { class: 'view-intro' }, intro), ...[view.element].flat(), ...(footer ? [footer.element] : []));
    shownTopic = null;
    document.title = t('page.documentTitle', { view: t(`page.viewTitle.${wanted}`) });
    if (!moved) return;
    heading.focus({ preventScroll: true });
    globalThis.scrollTo({ top: 0 });
  }

  /** Turns the guide when the view has come to something else, and leaves it alone while the admin reads. */
  function showTopic(topic) {
    if (topic === shownTopic) return;
    shownTopic = topic;
    if (topic === 'none') ctx.guide.hide();
    else ctx.guide.suggest(topic);
  }

  function showEntrance(problem) {
    ctx.guide.hide();
    frame.update(store.snapshot, null);
    const wanted = problem?.code ?? 'loading';
    if (entrance === wanted) return;
    entrance = wanted;
    frame.main.replaceChildren(problem ? unreachableView(problem, () => store.refresh()) : loading());
  }

  function update({ state }, previous) {
    if (state) {
      installation.settle(state);
      if (isInstalled(state) && !isInstalled(previous.state ?? state)) ctx.drafts.note('arrival', null);
      ctx.credentials.settle(state);
      for (const happening of happenings(previous.state, state)) ctx.announce(liveText(happening));
    }
    show(false);
  }

  return { start };
}

function liveText({ key, scope, at, reason, corp }) {
  return t(`page.live.${key}`, {
    corp, scope: scope && t(`page.scope.${scope}`), time: at && moment(at), reason: reason && words('rejection', reason).words,
  });
}
