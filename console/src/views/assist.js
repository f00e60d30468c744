// 请同事代办: the links that show this step's values, once, to a colleague without an account.

import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';
import { CopyButton } from './copy.js';
import { failure, time, useNow, WorkButton } from './parts.js';

/** @import { AssistLink, Scope, ScopeName, State } from '../types.js' */

/** The scope as the state spells it. @type {(scope: Scope) => ScopeName} */
const nameOf = (scope) => (scope === 'contacts' ? 'contacts' : 'external_contacts');

/** Makes a link for a scope's values. @param {{ scope: Scope, onFailure: (problem: Problem | null) => void }} props */
export function AssistButton({ scope, onFailure }) {
  const { announce, assist, store } = useShared();

  async function create() {
    onFailure(null);
    try {
      await assist.create(nameOf(scope));
    } catch (thrown) {
      return onFailure(Problem.of(thrown));
    }
    await store.refresh({ fresh: true });
    return announce(t('steps.assist.made'));
  }

  return h(WorkButton, {
    text: t('steps.assist.create'),
    busyText: t('steps.assist.creating'),
    kind: 'plain',
    focus: 'assist',
    work: create,
  });
}

/** The links of a scope that have not ended. @param {{ state: State, scope: Scope }} props */
export function AssistLinks({ state, scope }) {
  const links = state.assist_links.filter((link) => link.scope === nameOf(scope));
  const now = useNow(links.length > 0);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const alive = links.filter(({ expires_at: end }) => now < Date.parse(end));
  if (alive.length === 0) return problem && failure(problem);
  return h(
    'div',
    { class: 'assist' },
    h('h4', null, t('steps.assist.title')),
    h('p', { class: 'note' }, t('steps.assist.lead')),
    h(
      'ul',
      { class: 'assist-links' },
      alive.map((link) => h(Link, { key: link.id, link, now, onFailure: setProblem })),
    ),
    problem && failure(problem),
  );
}

/** @param {{ link: AssistLink, now: number, onFailure: (problem: Problem | null) => void }} props */
function Link({ link, now, onFailure }) {
  const { announce, assist, store } = useShared();
  const code = useRef(/** @type {HTMLElement | null} */ (null));
  const url = assist.url(link.id);
  const seconds = Math.max(0, Math.ceil((Date.parse(link.expires_at) - now) / 1000));

  async function revoke() {
    onFailure(null);
    try {
      await assist.revoke(link.id);
    } catch (thrown) {
      return onFailure(Problem.of(thrown));
    }
    await store.refresh({ fresh: true });
    return announce(t('steps.assist.revoked'));
  }

  function value() {
    if (link.opened_at) return h('span', null, t('steps.assist.opened'), ' ', time(link.opened_at));
    if (!url) return h('span', { class: 'quiet' }, t('steps.assist.hidden'));
    return h('code', { ref: code }, url);
  }

  return h(
    'li',
    null,
    h('div', { class: 'assist-value' }, value()),
    h(
      'div',
      { class: 'assist-actions' },
      h(
        'span',
        { class: 'countdown quiet', role: 'timer' },
        t(link.opened_at ? 'steps.assist.status' : 'steps.assist.left', {
          minutes: Math.floor(seconds / 60),
          seconds: String(seconds % 60).padStart(2, '0'),
        }),
      ),
      !link.opened_at && url && h(CopyButton, { name: t('steps.assist.name'), text: url, source: code }),
      h(WorkButton, {
        text: t('steps.assist.revoke'),
        busyText: t('steps.assist.revoking'),
        focus: `revoke-${link.id}`,
        work: revoke,
      }),
    ),
  );
}
