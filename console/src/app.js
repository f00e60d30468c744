// The page as a whole: which view is shown, and what all views share.

import { signal } from '@preact/signals';
import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { onArrivalElsewhere } from './arrival.js';
import { createAssistLinks } from './assist.js';
import { createBindings } from './bindings.js';
import { scopeName, secretName, words } from './codes.js';
import { SharedContext, useShared } from './context.js';
import { createCredentials } from './credentials.js';
import { createDrafts } from './drafts.js';
import { createGuide } from './guide.js';
import { currentLanguage, moment, t } from './i18n.js';
import { createInstallation } from './installation.js';
import { happenings, isInstalled, isReady, isStep, isWaiting, scopeState, stepOf } from './progress.js';
import { createRouter } from './router.js';
import { createStore } from './state.js';
import { AuditView } from './views/audit.js';
import { loading, UnreachableView } from './views/entrance.js';
import { EventsView } from './views/events.js';
import { FinishStep } from './views/finish-step.js';
import { Frame } from './views/frame.js';
import { InstallStep } from './views/install-step.js';
import { Overview } from './views/overview.js';
import { ContactsStep, ExternalContactsStep, scopeTopic } from './views/scope-step.js';
import { SettingsView } from './views/settings.js';
import { StepFooter } from './views/stepper.js';

/** @import { FunctionComponent } from 'preact' */
/** @import { Api } from './api.js' */
/** @import { Arrival } from './arrival.js' */
/** @import { Shared } from './context.js' */
/** @import { Happening } from './progress.js' */
/** @import { Session } from './session.js' */
/** @import { Route, State } from './types.js' */

/** @type {Record<Route, FunctionComponent<{ state: State }>>} */
const VIEWS = {
  install: InstallStep,
  contacts: ContactsStep,
  'external-contacts': ExternalContactsStep,
  finish: FinishStep,
  overview: Overview,
  events: EventsView,
  audit: AuditView,
  settings: SettingsView,
};

/**
 * Begins what runs behind the views, and answers the page to draw.
 * @param {{ api: Api, session: Session, arrival: Arrival | null }} parts
 */
export function createPage({ api, session, arrival }) {
  const announcement = signal('');
  const bindings = createBindings({ api, forget: () => shared.forget() });
  const installation = createInstallation({ api });
  const drafts = createDrafts();
  const credentials = createCredentials({ api });
  const assist = createAssistLinks({ api });
  const router = createRouter();
  const store = createStore({ api, isWaiting: (state) => isWaiting(state) || installation.isAwaited(), settle });
  /** @type {Shared} */
  const shared = {
    api,
    session,
    store,
    bindings,
    installation,
    router,
    drafts,
    credentials,
    assist,
    guide: createGuide(),
    announce(text) {
      announcement.value = text;
    },
    forget() {
      drafts.clear();
      credentials.clear();
      assist.clear();
      installation.giveUp();
    },
  };

  /** @type {(state: State, before: State | null) => void} */
  function settle(state, before) {
    // Another account's: what was typed or shown for the first is nothing to the second.
    if (before && (before.tenant_id !== state.tenant_id || before.binding_id !== state.binding_id)) shared.forget();
    void bindings.settle(state);
    session.host?.report(before, state);
    installation.settle(state);
    if (before && isInstalled(state) && !isInstalled(before)) drafts.note('arrival', null);
    credentials.settle(state);
    for (const happening of happenings(before, state)) shared.announce(liveText(happening));
  }

  /** @param {Arrival} hint */
  function receive(hint) {
    if (hint.outcome === 'installed') return installation.returned();
    installation.giveUp();
    return drafts.note('arrival', hint);
  }

  if (arrival) {
    receive(arrival);
    router.settle('install');
  }
  onArrivalElsewhere((hint) => {
    receive(hint);
    void store.refresh({ fresh: true });
  });
  session.host?.view.subscribe((view) => view && router.go(view));
  void store.start();

  return h(
    SharedContext.Provider,
    { value: shared },
    h(Page, null),
    h(() => h('div', { class: 'sr-only', role: 'status', 'aria-live': 'polite' }, announcement.value), null),
  );
}

function Page() {
  const { guide, router, store } = useShared();
  const { state, problem } = store.snapshot.value;
  const named = router.current;
  const route = state && (named ?? natural(state));
  const topic = state && route ? topicOf(state, route) : null;

  useEffect(() => {
    if (route && !named) router.suggest(route);
  }, [route, named]);
  // Turns the guide when the view has come to something else, and leaves it alone while the admin reads.
  useEffect(() => guide.suggest(topic), [route, topic]);
  const language = currentLanguage();
  const title = route ? t('page.documentTitle', { view: t(`page.viewTitle.${route}`) }) : t('page.product');
  useLayoutEffect(() => {
    document.documentElement.lang = language;
    document.title = title;
  }, [language, title]);

  return h(Frame, {
    route,
    children:
      state && route
        ? h(View, { key: route, state, route })
        : problem
          ? h(UnreachableView, { problem, retry: () => store.refresh() })
          : loading(),
  });
}

/** Whether the admin has gone from one view to another in this visit. */
let hasMoved = false;

/** @param {{ state: State, route: Route }} props */
function View({ state, route }) {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => {
    if (hasMoved) {
      heading.current?.focus({ preventScroll: true });
      globalThis.scrollTo({ top: 0 });
    }
    hasMoved = true;
  }, []);
  return [
    h('h2', { tabIndex: -1, class: 'view-title', ref: heading }, t(`page.viewTitle.${route}`)),
    h('p', { class: 'view-intro' }, t(`page.viewIntro.${isOfPermissions(state, route) ? 'permissions' : route}`)),
    h(VIEWS[route], { state }),
    isStep(route) && h(StepFooter, { state, step: route }),
  ];
}

/** Where the server's state says that the admin should go on. @param {State} state @returns {Route} */
function natural({ next_step: nextStep, completed_at: completedAt }) {
  return completedAt ? 'overview' : stepOf(nextStep);
}

/** Whether the view is about permissions to confirm, and nothing is to be typed. @type {(state: State, route: Route) => boolean} */
function isOfPermissions(state, route) {
  if (route !== 'contacts' && route !== 'external-contacts') return false;
  const isOldWay = scopeState(state, route).secret.status !== 'missing';
  return state.installation.is_customized_app && isReady(state) && !isOldWay;
}

/** @type {(state: State, route: Route) => string | null} */
function topicOf(state, route) {
  if (isOfPermissions(state, route)) return 'permissions';
  if (route === 'contacts' || route === 'external-contacts') return scopeTopic(state, route);
  if (route === 'settings') return 'callback-domain';
  return route === 'install' || route === 'finish' ? route : null;
}

/** @param {Happening} happening */
function liveText({ key, scope, at, reason, corp }) {
  return t(`page.live.${key}`, {
    corp,
    scope: scope && scopeName(scope),
    secret: scope && secretName(scope),
    time: at && moment(at),
    reason: reason && words('rejection', reason).words,
  });
}
