// The small parts that every view is made of.

import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { problemWords } from '../codes.js';
import { fullMoment, moment, t } from '../i18n.js';

/** @import { Children, Tone, Words } from '../types.js' */
/** @import { Problem } from '../problem.js' */

/** @type {Record<Tone, string>} */
const TONE_ICON = { ok: 'check', info: 'info', warn: 'alert', bad: 'cross', idle: 'dot', wait: 'clock' };

/** An icon from the sprite in index.html; decoration only, the word beside it carries the meaning. */
export function icon(/** @type {string} */ name, className = '') {
  return h(
    'svg',
    { class: `icon ${className}`.trim(), 'aria-hidden': 'true', focusable: 'false' },
    h('use', { href: `#icon-${name}` }),
  );
}

/** A state in a word: colour, icon and text together. @type {(tone: Tone, text: string) => Children} */
export function badge(tone, text) {
  return h('span', { class: `badge badge-${tone}` }, icon(TONE_ICON[tone]), h('span', null, text));
}

/** A name for a group of things; it says nothing of a state, so it has no icon. @param {string} text */
export function tag(text) {
  return h('span', { class: 'tag' }, text);
}

/** @param {string} iso */
export function time(iso) {
  return h('time', { dateTime: iso, title: fullMoment(iso) }, moment(iso));
}

/**
 * @typedef {object} ButtonLook
 * @property {'primary' | 'secondary' | 'plain' | 'danger'} [kind]
 * @property {string} [iconName]
 * @property {string} [focus] a name under which the focus finds the button again when another replaces it
 * @property {'button' | 'submit'} [type]
 * @property {string} [value]
 * @property {boolean} [disabled] keeps the focus and says so; a press does nothing
 * @property {boolean} [busy]
 * @property {string} [label] what a screen reader says instead of the text
 * @property {(event: MouseEvent) => void} [onClick]
 */

/** @type {(text: string, look?: ButtonLook) => Children} */
export function button(
  text,
  { kind = 'secondary', iconName, onClick, type = 'button', focus, value, disabled, busy, label } = {},
) {
  return h(
    'button',
    {
      type,
      value,
      class: `button button-${kind}${busy ? ' is-busy' : ''}`,
      'data-focus': focus,
      'aria-disabled': busy || disabled ? 'true' : undefined,
      'aria-label': label,
      onClick,
    },
    iconName && icon(iconName),
    h('span', null, text),
  );
}

/**
 * Runs work that takes a while, one at a time, and says whether some is running.
 * @returns {[boolean, (work: () => Promise<unknown>) => Promise<void>]}
 */
export function useBusy() {
  const [isBusy, setBusy] = useState(false);
  const running = useRef(false);
  return [
    isBusy,
    async (work) => {
      if (running.current) return;
      running.current = true;
      setBusy(true);
      try {
        await work();
      } finally {
        running.current = false;
        setBusy(false);
      }
    },
  ];
}

/**
 * A button whose work takes a while: it keeps the focus meanwhile, and says what it is doing.
 * @param {ButtonLook & { text: string, busyText: string, work: () => Promise<unknown> }} props
 */
export function WorkButton({ text, busyText, work, ...look }) {
  const [busy, run] = useBusy();
  return button(busy ? busyText : text, { ...look, busy, onClick: () => void run(work) });
}

/** The time, updated each second while `isTicking`. */
export function useNow(/** @type {boolean} */ isTicking) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isTicking) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isTicking]);
  return now;
}

/** A way to another place of this page. @type {(text: string, href: string, more?: Children) => Children} */
export function link(text, href, more) {
  return h('a', { class: 'link', href }, text, more);
}

/** A way to another place of this page, looking like a button. @type {(text: string, href: string, look?: Pick<ButtonLook, 'kind' | 'iconName'>) => Children} */
export function linkButton(text, href, { kind = 'secondary', iconName } = {}) {
  return h('a', { class: `button button-${kind}`, href }, iconName && icon(iconName), h('span', null, text));
}

/** A way out of this page, to WeCom's console: in a tab of its own, which learns nothing about this one. @type {(text: string, url: string, kind?: ButtonLook['kind']) => Children} */
export function outwardLink(text, url, kind = 'secondary') {
  return h(
    'a',
    {
      class: kind === 'plain' ? 'link' : `button button-${kind}`,
      href: url,
      target: '_blank',
      rel: 'noopener noreferrer',
    },
    h('span', null, text),
    icon('outward'),
    h('span', { class: 'sr-only' }, t('page.newTab')),
  );
}

/** A message in place: tone, title, what else there is to say. `alert` interrupts a screen reader, for answers to a click. @type {(tone: Tone, title: Children, children?: Children, more?: { alert?: boolean }) => Children} */
export function message(tone, title, children, { alert = false } = {}) {
  return h(
    'div',
    { class: `message message-${tone}`, role: alert ? 'alert' : undefined },
    icon(TONE_ICON[tone], 'message-icon'),
    h('div', { class: 'message-body' }, h('p', { class: 'message-title' }, title), children),
  );
}

/**
 * @typedef {object} WordsMore
 * @property {string} [code] small, for support
 * @property {(string | null | false | undefined | 0)[]} [small] further marks for support
 * @property {[string, Children][]} [more] rows after the cause
 * @property {[string, Children][]} [last] rows at the end
 * @property {Children} [extra]
 * @property {boolean} [alert]
 * @property {Children} [title]
 */

/** Words of the catalogue as a message: the sentence, its cause, what to do, where; the code small, for support. @type {(tone: Tone, entry: Words, more?: WordsMore) => Children} */
export function wordsMessage(
  tone,
  entry,
  { code, more = [], last = [], extra, small = [], alert = false, title = entry.words } = {},
) {
  /** @type {[string, Children][]} */
  const rows = [['cause', entry.cause], ...more, ['action', entry.action], ['place', entry.place], ...last];
  const marks = [code, ...small].filter(Boolean);
  return message(
    tone,
    title,
    [
      h(
        'dl',
        { class: 'advice' },
        rows
          .filter(([, text]) => text)
          .map(([name, text]) =>
            h('div', { class: `advice-${name}` }, h('dt', null, t(`page.advice.${name}`)), h('dd', null, text)),
          ),
      ),
      extra,
      marks.length > 0 && h('p', { class: 'message-code' }, marks.join(' · ')),
    ],
    { alert },
  );
}

/** Why a call did not work, as the answer to a press of a button. @type {(problem: Problem, more?: WordsMore & { context?: string, tone?: Tone }) => Children} */
export function failure(problem, { context, tone = 'bad', small = [], ...more } = {}) {
  return wordsMessage(tone, problemWords(problem, context), {
    code: problem.code,
    small: [problem.errcode && `errcode ${problem.errcode}`, ...small, problem.requestId],
    alert: true,
    ...more,
  });
}

/** When a refused press may be repeated. @param {number} retryAt */
export function retryText(retryAt) {
  return t('steps.secret.retryAt', { time: moment(new Date(retryAt).toISOString()) });
}

/**
 * A labelled input with its rule below, its error below that, and the help beside the label.
 * @param {{ id: string, label: string, input: import('preact').JSX.IntrinsicElements['input'], hint?: string, guide?: Children, optional?: boolean, error?: string | null, end?: Children }} props
 */
export function field({ id, label, input, hint, guide, optional = false, error, end }) {
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const box = h('input', {
    ...input,
    id,
    'data-focus': id,
    'aria-describedby': hint ? `${hintId} ${errorId}` : errorId,
    'aria-invalid': error || input['aria-invalid'] ? 'true' : undefined,
  });
  return h(
    'div',
    { class: 'field' },
    h(
      'div',
      { class: 'field-head' },
      h('label', { for: id }, label, optional && h('span', { class: 'optional' }, t('page.optional'))),
      guide,
    ),
    end ? h('div', { class: 'field-box' }, box, end) : box,
    hint && h('p', { class: 'field-hint', id: hintId }, hint),
    h('p', { class: 'field-error', id: errorId, hidden: !error }, error && [icon('alert'), error]),
  );
}

/** Facts as pairs; a missing fact is left out. `short` ones stand two in a row where there is room. @type {(pairs: [string, Children][], more?: { short?: boolean }) => Children} */
export function facts(pairs, { short = false } = {}) {
  return h(
    'dl',
    { class: short ? 'facts facts-short' : 'facts' },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== false && value !== '')
      .map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))),
  );
}

/** A section of a step: a card with its heading and, beside it, its state. @type {(id: string, title: string, status: Children, ...children: Children[]) => Children} */
export function section(id, title, status, ...children) {
  return h(
    'section',
    { class: 'card', 'aria-labelledby': id },
    h('div', { class: 'card-head' }, h('h3', { id }, title), status),
    ...children,
  );
}

/** @param {string} text */
export function spinner(text) {
  return h('p', { class: 'loading' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), text);
}

/** A question that unfolds its answer. @type {(question: string, ...answer: Children[]) => Children} */
export function question(q, ...answer) {
  return h('details', { class: 'question' }, h('summary', null, icon('chevron'), h('span', null, q)), ...answer);
}
