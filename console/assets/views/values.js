// The three values, each with 复制, and 复制全部.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { copyButton } from './copy.js';

const NAMES = [['URL', 'url'], ['Token', 'token'], ['EncodingAESKey', 'encoding_aes_key']];

/** The rows, and after them 复制全部 with what else there is to press. */
export function valueRows(credentials, announce, more) {
  const rows = h('dl', { class: 'values' }, NAMES.map(([name, key]) => row(name, h('code', {}, credentials[key]), announce)));
  const together = () => NAMES.map(([name, key]) => `${name}: ${credentials[key]}`).join('\n');
  const all = copyButton({ name: t('steps.callback.allThree'), all: true, text: together, source: rows, announce });
  return [rows, h('div', { class: 'actions' }, all, more)];
}

/** After the verification: the address stays readable, the other two do not. */
export function hiddenRows(url, announce) {
  return h('dl', { class: 'values' }, NAMES.map(([name, key]) => (key === 'url'
    ? row(name, h('code', {}, url), announce)
    : row(name, h('span', { class: 'masked' }, '••••••••', h('span', { class: 'sr-only' }, t('steps.callback.hidden')))))));
}

function row(name, value, announce) {
  return h('div', { class: 'value' }, h('dt', {}, name),
    h('dd', {}, value, announce && copyButton({ name, text: () => value.textContent, source: value, announce })));
}
