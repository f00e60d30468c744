// The small parts that every view is made of.

import { h, icon } from '../dom.js';
import { fullMoment, moment, t } from '../i18n.js';

const TONE_ICON = { ok: 'check', info: 'info', warn: 'alert', bad: 'cross', idle: 'dot', wait: 'clock' };

/** A state in a word: colour, icon and text together. */
export function badge(tone, text) {
  return h('span', { class: `badge badge-${tone}` }, icon(TONE_ICON[tone]), h('span', {}, text));
}

/** A name for a group of things; it says nothing of a state, so it has no icon. */
export function tag(text) {
  return h('span', { class: 'tag' }, text);
}

export function time(iso) {
  return h('time', { datetime: iso, title: fullMoment(iso) }, moment(iso));
}

export function button(label, { kind = 'secondary', iconName, onClick, type = 'button', focus, ...rest } = {}) {
  const on = onClick ? { click: onClick } : {};
  return h('button', { type, class: `button button-${kind}`, 'data-focus': focus, on, ...rest }, iconName && icon(iconName), h('span', {}, label));
}

/** A way to another place of this page, looking like a button. */
export function linkButton(label, href, { kind = 'secondary', iconName } = {}) {
  return h('a', { class: `button button-${kind}`, href }, iconName && icon(iconName), h('span', {}, label));
}

/** A way out of this page, to WeCom's console: in a tab of its own, which learns nothing about this one. */
export function outwardLink(label, url, kind = 'secondary') {
  return h('a', { class: kind === 'plain' ? 'link' : `button button-${kind}`, href: url, target: '_blank', rel: 'noopener noreferrer' },
    h('span', {}, label), icon('outward'), h('span', { class: 'sr-only' }, t('page.newTab')));
}

/** Marks a button as busy without taking the focus from it, while `work` runs. */
export async function whileBusy(element, label, work) {
  if (element.getAttribute('aria-disabled') === 'true') return undefined;
  const text = element.lastElementChild;
  const before = text.textContent;
  element.setAttribute('aria-disabled', 'true');
  element.classList.add('is-busy');
  text.textContent = label;
  try {
    return await work();
  } finally {
    element.removeAttribute('aria-disabled');
    element.classList.remove('is-busy');
    text.textContent = before;
  }
}

/** A message in place: tone, title, what else there is to say. `alert` interrupts a screen reader, for answers to a click. */
export function message(tone, title, children = [], { alert = false } = {}) {
  return h('div', { class: `message message-${tone}`, role: alert ? 'alert' : undefined },
    icon(TONE_ICON[tone], 'message-icon'),
    h('div', { class: 'message-body' }, h('p', { class: 'message-title' }, title), children));
}

/** Words of the catalogue as a message: the sentence, its cause, what to do, where; the code small, for support. */
export function wordsMessage(tone, entry, { code, more = [], last = [], extra = [], small = [], alert = false, title = entry.words } = {}) {
  const rows = [['cause', entry.cause], ...more, ['action', entry.action], ['place', entry.place], ...last].filter(([, text]) => text);
  return message(tone, title, [
    h('dl', { class: 'advice' }, rows.map(([name, text]) => h('div', { class: `advice-${name}` }, h('dt', {}, t(`page.advice.${name}`)), h('dd', {}, text)))),
    extra,
    (code || small.length > 0) && h('p', { class: 'message-code' }, [code, ...small].filter(Boolean).join(' · ')),
  ], { alert });
}

/** A labelled input with its rule below, its error below that, and the help beside the label. */
export function field({ id, label, input, hint, guide, optional = false }) {
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const error = h('p', { class: 'field-error', id: errorId, hidden: true });
  input.id = id;
  input.dataset.focus = id;
  input.setAttribute('aria-describedby', hint ? `${hintId} ${errorId}` : errorId);
  const element = h('div', { class: 'field' },
    h('div', { class: 'field-head' },
      h('label', { for: id }, label, optional && h('span', { class: 'optional' }, t('page.optional'))), guide),
    input, hint && h('p', { class: 'field-hint', id: hintId }, hint), error);
  return {
    element, input,
    complain(text) {
      error.replaceChildren(icon('alert'), text);
      error.hidden = false;
      input.setAttribute('aria-invalid', 'true');
    },
    calm() {
      error.hidden = true;
      input.removeAttribute('aria-invalid');
    },
  };
}

/** Facts as pairs; a missing fact is left out. `short` ones stand two in a row where there is room. */
export function facts(pairs, { short = false } = {}) {
  return h('dl', { class: short ? 'facts facts-short' : 'facts' }, pairs.filter(([, value]) => ![null, undefined, false, ''].includes(value))
    .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

/** A section of a step: a card with its heading and, beside it, its state. */
export function section(id, title, status, ...children) {
  return h('section', { class: 'card', 'aria-labelledby': id },
    h('div', { class: 'card-head' }, h('h3', { id }, title), status), children);
}

export function spinner(text) {
  return h('p', { class: 'loading' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), text);
}
