// 回填信息: the three values for WeCom's console, and what WeCom has done with them since.

import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../codes.js';
import { useShared } from '../context.js';
import { count, moment, t } from '../i18n.js';
import { Problem } from '../problem.js';
import { isReady, openRefusal, scopeState } from '../progress.js';
import { AssistButton, AssistLinks } from './assist.js';
import { callbackBadge } from './badges.js';
import { lines, Question } from './confirm.js';
import { DomainForm } from './domain-form.js';
import {
  button,
  facts,
  failure,
  message,
  outwardLink,
  question,
  section,
  spinner,
  time,
  useBusy,
  WorkButton,
  wordsMessage,
} from './parts.js';
import { Refusals } from './refusals.js';
import { SelfTest } from './self-test.js';
import { HiddenRows, ValueRows } from './values.js';

/** @import { CallbackState, Refusal, Scope, SecretKind, State } from '../types.js' */

const REVEALED_FOR_MS = 60_000;
const CONSOLE = 'https://work.weixin.qq.com/wework_admin/frame#';
const PLACE = { contacts: 'apps/contactsApi', customer: 'customer/analysis', app: 'apps' };

/** @typedef {CallbackState['status'] | 'rotating'} Phase */

/** `kind` says where in WeCom's console the values belong. @param {{ state: State, scope: Scope, kind: SecretKind }} props */
export function CallbackCard({ state, scope, kind }) {
  const { credentials, store } = useShared();
  const { callback } = scopeState(state, scope);
  /** @type {Phase} */
  const phase = callback.rotation_pending ? 'rotating' : callback.status;
  const isDue = phase === 'awaiting_verification' || phase === 'rotating';
  const refusal = openRefusal(callback);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const wasRotating = useRef(false);
  const [isRotated, setRotated] = useState(false);
  const asking = useRef(false);

  useEffect(() => {
    setRotated(wasRotating.current && phase === 'verified');
    wasRotating.current = phase === 'rotating';
  }, [phase]);

  /** Runs a call whose failure belongs in this card. @param {() => Promise<void>} work */
  async function attempt(work) {
    asking.current = true;
    setProblem(null);
    try {
      await work();
    } catch (thrown) {
      setProblem(Problem.of(thrown));
    }
    asking.current = false;
  }

  async function obtain() {
    await attempt(() => credentials.fetch(scope, state));
    await store.refresh({ fresh: true });
    store.expect();
  }

  useEffect(() => {
    if (isDue && !credentials.current(scope, state) && !asking.current && !problem) void obtain();
  });

  return section(
    `callback-${scope}`,
    t('steps.callback.title'),
    h('span', { class: 'card-status' }, callbackBadge(callback)),
    leading(),
    isDue && refusal && refusedMessage(refusal, kind),
    h(Values, { state, scope, kind, phase, problem, attempt, obtain }),
    h(AssistLinks, { state, scope }),
    isDue && h(WaitingBar, null),
    // What was tested is about the values as they were.
    phase !== 'none' && h(SelfTest, { key: `${phase} ${callback.url} ${callback.generation}`, state, scope }),
    h(Refusals, { refusals: callback.refusals, kind }),
    isDue && troubles(),
  );

  function leading() {
    if (phase === 'none') {
      if (!isReady(state)) return h('p', { class: 'lead' }, t('steps.callback.afterInstall'));
      return [
        h('p', { class: 'lead' }, t('steps.callback.noneYet')),
        h(
          'div',
          { class: 'actions' },
          h(WorkButton, {
            text: t('steps.callback.generate'),
            busyText: t('steps.callback.generating'),
            focus: 'generate',
            work: obtain,
          }),
        ),
      ];
    }
    if (phase === 'verified') {
      return [
        isRotated && message('ok', t('steps.rotation.done'), h('p', null, t('steps.rotation.doneHint'))),
        message(
          'ok',
          t('steps.callback.verified', { time: callback.verified_at && moment(callback.verified_at) }),
          h('p', null, t(callback.last_event_at ? 'steps.callback.receiving' : 'steps.callback.noEventYet')),
        ),
        facts(
          [
            [t('steps.callback.lastEvent'), callback.last_event_at && time(callback.last_event_at)],
            [t('steps.callback.received'), count(callback.events_received)],
            [t('steps.callback.duplicates'), callback.duplicates > 0 && count(callback.duplicates)],
          ],
          { short: true },
        ),
      ];
    }
    return [
      phase === 'rotating' &&
        message('info', t('steps.callback.rotating'), h('p', null, t('steps.callback.rotatingNote'))),
      h('p', { class: 'lead' }, t(`steps.callback.paste.${kind}`)),
    ];
  }

  function troubles() {
    /** @type {(name: string, more?: import('../types.js').Children) => import('../types.js').Children} */
    const trouble = (name, more) =>
      question(t(`steps.trouble.${name}.q`), h('p', null, t(`steps.trouble.${name}.a`)), more);
    return [
      h('h4', null, t('steps.trouble.title')),
      h(
        'div',
        { class: 'questions' },
        trouble('nothing'),
        trouble('domain', h(DomainForm, { state, id: scope })),
        trouble('echo'),
      ),
    ];
  }
}

/** @param {{ state: State, scope: Scope, kind: SecretKind, phase: Phase, problem: Problem | null, attempt: (work: () => Promise<void>) => Promise<void>, obtain: () => Promise<void> }} props */
function Values({ state, scope, kind, phase, problem, attempt, obtain }) {
  const { credentials } = useShared();
  const { callback } = scopeState(state, scope);
  const isDue = phase === 'awaiting_verification' || phase === 'rotating';
  const shown = credentials.of(scope, state);
  const isRevealed = credentials.isRevealed(scope);
  const conceal = () => credentials.drop(scope);
  const [unmade, setUnmade] = useState(/** @type {Problem | null} */ (null));

  useEffect(() => {
    if (!isRevealed) return undefined;
    const timer = setTimeout(conceal, REVEALED_FOR_MS);
    return () => {
      clearTimeout(timer);
      conceal();
    };
  }, [isRevealed]);

  if (problem) {
    return failure(problem, {
      context: scope,
      extra: h(WorkButton, { text: t('page.retry'), busyText: t('steps.callback.loading'), work: obtain }),
    });
  }
  if (shown) {
    return [
      h(ValueRows, {
        credentials: shown,
        more: [
          isDue
            ? outwardLink(t('page.openConsole'), CONSOLE + PLACE[kind], 'primary')
            : button(t('steps.callback.hide'), { focus: 'reveal', onClick: conceal }),
          button(t('steps.callback.print'), { kind: 'plain', iconName: 'print', onClick: printValues }),
          isDue && h(AssistButton, { scope, onFailure: setUnmade }),
        ],
      }),
      h('p', { class: 'print-only' }, t('steps.callback.printNote', { corp: state.installation.corp_name })),
      unmade && failure(unmade),
      !isDue && h('p', { class: 'note' }, t('steps.callback.revealed')),
    ];
  }
  if (isDue) return spinner(t('steps.callback.loading'));
  if (phase !== 'verified' || !callback.url) return null;
  return [
    h(HiddenRows, { url: callback.url }),
    h(
      'div',
      { class: 'actions' },
      h(WorkButton, {
        text: t('steps.callback.show'),
        busyText: t('steps.callback.loading'),
        focus: 'reveal',
        iconName: 'eye',
        work: () => attempt(() => credentials.reveal(scope)),
      }),
      h(RotateButton, { scope, attempt }),
    ),
  ];
}

/** The values alone, for the colleague who has WeCom's console; css/print.css leaves out the rest. */
function printValues() {
  document.documentElement.dataset.print = 'values';
  globalThis.addEventListener('afterprint', () => delete document.documentElement.dataset.print, { once: true });
  globalThis.print();
}

/** @param {{ scope: Scope, attempt: (work: () => Promise<void>) => Promise<void> }} props */
function RotateButton({ scope, attempt }) {
  const { credentials, store } = useShared();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, run] = useBusy();

  async function rotate() {
    await attempt(() => credentials.rotate(scope));
    await store.refresh({ fresh: true });
    store.expect();
  }

  return [
    button(t(isBusy ? 'steps.callback.generating' : 'steps.callback.rotate'), {
      focus: 'rotate',
      iconName: 'refresh',
      busy: isBusy,
      onClick: () => setAsking(!isBusy),
    }),
    isAsking &&
      h(Question, {
        title: t('steps.rotation.title'),
        yes: t('steps.rotation.yes'),
        no: t('page.cancel'),
        onAnswer: (agreed) => {
          setAsking(false);
          if (agreed) void run(rotate);
        },
        children: lines(t('steps.rotation.keeps'), t('steps.rotation.then')),
      }),
  ];
}

/** What WeCom's last request came to, in words, with the time and the way out. @type {(refusal: Refusal, kind: SecretKind) => import('../types.js').Children} */
function refusedMessage({ at, reason, receive_id: corporation }, kind) {
  const entry = words('rejection', reason, kind);
  if (reason === 'opened_in_browser') return wordsMessage('info', entry, { code: reason });
  return wordsMessage('warn', entry, {
    code: reason,
    title: [time(at), ' ', entry.words],
    more: corporation ? [['corporation', h('code', null, corporation)]] : [],
  });
}

function WaitingBar() {
  const { store } = useShared();
  const { checkedAt } = store.snapshot.value;
  return h(
    'div',
    { class: 'waiting' },
    h('div', { class: 'waiting-track', 'aria-hidden': 'true' }, h('span', null)),
    h(
      'div',
      { class: 'waiting-text' },
      h('p', null, h('strong', null, t('steps.callback.waiting'))),
      h(
        'p',
        { class: 'quiet' },
        t('steps.callback.checked', { time: checkedAt ? moment(new Date(checkedAt).toISOString()) : '' }),
        ' ',
        h(
          'button',
          {
            type: 'button',
            class: 'link',
            'data-focus': 'check-now',
            onClick: () => {
              void store.refresh();
              store.expect();
            },
          },
          t('steps.callback.checkNow'),
        ),
      ),
    ),
  );
}
