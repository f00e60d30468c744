// The texts of one language at a time. They are data (`texts/<language>/*.json`), so that a correction needs no code.

export const LANGUAGES = ['zh-CN', 'en'];
const FILES = ['page', 'steps', 'errors', 'codes', 'findings', 'guide', 'events', 'audit'];
const CHOICE = 'wecom-authorization.language';

let language = LANGUAGES[0];
let texts = {};

export function currentLanguage() {
  return language;
}

/** The admin's own choice, else the browser's, else Chinese. */
export function preferredLanguage(store = globalThis.localStorage, wanted = globalThis.navigator?.languages ?? []) {
  const chosen = store?.getItem(CHOICE);
  if (LANGUAGES.includes(chosen)) return chosen;
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return 'zh-CN';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return LANGUAGES[0];
}

export function rememberLanguage(chosen, store = globalThis.localStorage) {
  store?.setItem(CHOICE, chosen);
}

export async function loadTexts(chosen, read = readText) {
  const parts = await Promise.all(FILES.map((file) => read(chosen, file)));
  texts = Object.fromEntries(FILES.map((file, index) => [file, parts[index]]));
  language = chosen;
}

async function readText(chosen, file) {
  const answer = await fetch(new URL(`texts/${chosen}/${file}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`texts/${chosen}/${file}.json: ${answer.status}`);
  return answer.json();
}

/** The text at `file.path.to.key`, or undefined. */
export function find(key) {
  return key.split('.').reduce((node, part) => (node === undefined || node === null ? undefined : node[part]), texts);
}

/** A text with `{name}` replaced. A missing text shows its key: ugly, seen at once, and never an empty button. */
export function t(key, values = {}) {
  const text = find(key);
  if (typeof text !== 'string') return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A moment as the admin would say it: today only the time, otherwise with the date. */
export function moment(iso, now = new Date()) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  const sameDay = at.toDateString() === now.toDateString();
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
  if (sameDay) return new Intl.DateTimeFormat(language, time).format(at);
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' };
  return new Intl.DateTimeFormat(language, { ...year, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at);
}

export function fullMoment(iso) {
  return new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'long' }).format(new Date(iso));
}

export function count(number) {
  return new Intl.NumberFormat(language).format(number ?? 0);
}
