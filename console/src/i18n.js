// The texts of one language at a time. They are data (`texts/<language>/*.json`), so that a correction needs no code. The
// language is a signal: whatever shows a text is redrawn when it changes, and keeps all else that it holds.

import { signal } from '@preact/signals';

/** @import { Language } from './language.js' */
/** @import { Json, Topic } from './types.js' */

const spoken = signal({ language: /** @type {Language} */ ('zh-CN'), texts: /** @type {Json} */ ({}) });

export function currentLanguage() {
  return spoken.value.language;
}

/**
 * @param {Language} language
 * @param {(language: Language) => Promise<Json>} [read]
 */
export async function loadTexts(language, read = readTexts) {
  const texts = await read(language);
  spoken.value = { language, texts };
}

/** @param {Language} language */
async function readTexts(language) {
  const early = globalThis.early?.language === language ? await globalThis.early.texts : null;
  if (early) return early;
  const answer = await fetch(new URL(`texts/${language}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`texts/${language}.json: ${answer.status}`);
  return answer.json();
}

/**
 * What is at `file.path.to.key`, or undefined.
 * @param {string} key
 * @returns {Json | undefined}
 */
function at(key) {
  /** @type {Json | undefined} */
  let node = spoken.value.texts;
  for (const part of key.split('.')) {
    if (node === null || typeof node !== 'object' || Array.isArray(node)) return undefined;
    node = node[part];
  }
  return node;
}

/**
 * The text at `file.path.to.key`, or undefined.
 * @param {string} key
 */
export function find(key) {
  const text = at(key);
  return typeof text === 'string' ? text : undefined;
}

/**
 * The table at `file.path.to.key`; empty where there is none.
 * @template [T=string]
 * @param {string} key
 * @returns {Record<string, T>}
 */
export function table(key) {
  const node = at(key) ?? {};
  return /** @type {Record<string, T>} */ (/** @type {unknown} */ (node));
}

/**
 * A topic of 操作指引.
 * @param {string} name
 */
export function guideTopic(name) {
  const topic = /** @type {Topic | undefined} */ (/** @type {unknown} */ (at(`guide.${name}`)));
  if (!topic) throw new Error(`guide.${name}: no such topic`);
  return topic;
}

/**
 * A text with `{name}` replaced. A missing text shows its key: ugly, seen at once, and never an empty button.
 * @param {string} key
 * @param {Record<string, string | number | null | undefined>} [values]
 */
export function t(key, values = {}) {
  const text = find(key);
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * A moment as the admin would say it: today only the time, otherwise with the date.
 * @param {string} iso
 */
export function moment(iso, now = new Date()) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  const language = currentLanguage();
  if (at.toDateString() === now.toDateString()) {
    return new Intl.DateTimeFormat(language, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    }).format(at);
  }
  return new Intl.DateTimeFormat(language, {
    year: at.getFullYear() === now.getFullYear() ? undefined : 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at);
}

/** @param {string} iso */
export function fullMoment(iso) {
  return new Intl.DateTimeFormat(currentLanguage(), { dateStyle: 'full', timeStyle: 'long' }).format(new Date(iso));
}

/** @param {number} number */
export function count(number) {
  return new Intl.NumberFormat(currentLanguage()).format(number);
}
