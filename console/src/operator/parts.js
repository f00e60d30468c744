// The address of the operators' page, and what its views share.

import { signal } from '@preact/signals';
import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { findingWords, scopeName, scopeOf } from '../codes.js';
import { t } from '../i18n.js';
import { Problem } from '../problem.js';

/** @import { Children, Finding } from '../types.js' */

export const TONE = /** @type {const} */ ({ ok: 'ok', attention: 'warn', broken: 'bad' });
export const HEALTHS = /** @type {const} */ (['broken', 'attention', 'ok']);
/** The binding that every tenant has. */
export const FIRST = 'first';
export const FILTERS = ['health', 'finding', 'step', 'corp', 'query'];

/** The address's query. */
export const place = signal(new URLSearchParams(globalThis.location.search));
globalThis.addEventListener('popstate', () => {
  place.value = new URLSearchParams(globalThis.location.search);
});

/** @param {Record<string, string>} query */
export const href = (query) => {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return search ? `?${search}` : globalThis.location.pathname;
};

/** @param {Record<string, string>} query */
export function go(query) {
  globalThis.history.pushState(null, '', href(query));
  place.value = new URLSearchParams(globalThis.location.search);
}

/** A way to another view, which the browser follows itself in a tab of its own. @type {(text: Children, query: Record<string, string>, current?: boolean) => Children} */
export const way = (text, query, current = false) =>
  h(
    'a',
    {
      class: 'link',
      href: href(query),
      'aria-current': current ? 'page' : undefined,
      onClick: (/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(query);
      },
    },
    text,
  );

/**
 * What a call answered, or why it did not; asked again when `key` changes or after `reload`. An answer for a `key` that was left is
 * ignored.
 * @template T
 * @param {string} key
 * @param {() => Promise<T>} ask
 * @returns {{ value: T | null, problem: Problem | null, reload: () => Promise<void> }}
 */
export function useAnswer(key, ask) {
  const [answer, setAnswer] = useState(
    /** @type {{ key: string, value: T | null, problem: Problem | null }} */ ({ key, value: null, problem: null }),
  );
  const latest = useRef(key);
  latest.current = key;
  /** @param {Pick<typeof answer, 'value' | 'problem'>} come */
  const take = (come) => {
    if (latest.current === key) setAnswer({ key, ...come });
  };
  const load = () =>
    ask().then(
      (value) => take({ value, problem: null }),
      (thrown) => take({ value: null, problem: Problem.of(thrown) }),
    );
  useEffect(() => void load(), [key]);
  return answer.key === key ? { ...answer, reload: load } : { value: null, problem: null, reload: load };
}

/** @param {Finding} finding */
export function title(finding) {
  const scope = scopeOf(finding);
  return `${scope ? `${scopeName(scope)}${t('page.colon')}` : ''}${findingWords(finding).words}`;
}
