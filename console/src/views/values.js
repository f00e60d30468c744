// The three values, each with 复制, and 复制全部.

import { h } from 'preact';
import { useRef } from 'preact/hooks';
import { t } from '../i18n.js';
import { CopyButton } from './copy.js';

/** @import { Children, Credentials } from '../types.js' */

const NAMES = /** @type {const} */ ([
  ['URL', 'url'],
  ['Token', 'token'],
  ['EncodingAESKey', 'encoding_aes_key'],
]);

/**
 * The rows, and after them 复制全部 with what else there is to press.
 * @param {{ credentials: Credentials, more: Children }} props
 */
export function ValueRows({ credentials, more }) {
  const rows = useRef(/** @type {HTMLDListElement | null} */ (null));
  const together = NAMES.map(([name, key]) => `${name}: ${credentials[key]}`).join('\n');
  return [
    h(
      'dl',
      { class: 'values', ref: rows },
      NAMES.map(([name, key]) => h(ValueRow, { key, name, value: credentials[key] })),
    ),
    h(
      'div',
      { class: 'actions' },
      h(CopyButton, { name: t('steps.callback.allThree'), all: true, text: together, source: rows }),
      more,
    ),
  ];
}

/** After the verification: the address stays readable, the other two do not. @param {{ url: string }} props */
export function HiddenRows({ url }) {
  return h(
    'dl',
    { class: 'values' },
    h(ValueRow, { name: 'URL', value: url }),
    NAMES.slice(1).map(([name]) =>
      h(
        'div',
        { class: 'value', key: name },
        h('dt', null, name),
        h(
          'dd',
          null,
          h('span', { class: 'masked' }, '••••••••', h('span', { class: 'sr-only' }, t('steps.callback.hidden'))),
        ),
      ),
    ),
  );
}

/** A value that is to be pasted somewhere. @param {{ name: string, value: string }} props */
export function ValueRow({ name, value }) {
  const code = useRef(/** @type {HTMLElement | null} */ (null));
  return h(
    'div',
    { class: 'value' },
    h('dt', null, name),
    h('dd', null, h('code', { ref: code }, value), h(CopyButton, { name, text: value, source: code })),
  );
}
