// The platform's own addresses, for the admin's DNS and for WeCom's console; or, where the deployment has none, that it has none.

import { h } from 'preact';
import { useRef } from 'preact/hooks';
import { t } from '../i18n.js';
import { CopyButton } from './copy.js';
import { message } from './parts.js';
import { ValueRow } from './values.js';

/** @import { Children, State } from '../types.js' */

/** What the CNAME record of the callback domain points to. @param {{ state: State }} props @returns {Children} */
export function CnameTarget({ state: { platform } }) {
  return platform.cname_target
    ? h('dl', { class: 'values' }, h(ValueRow, { name: t('steps.addresses.cname'), value: platform.cname_target }))
    : message('info', t('steps.addresses.noCname'), h('p', null, t('steps.addresses.noCnameWhy')));
}

/** What goes into 企业可信IP. @param {{ state: State }} props @returns {Children} */
export function EgressAddresses({ state: { platform } }) {
  const list = useRef(/** @type {HTMLDListElement | null} */ (null));
  const addresses = platform.egress_addresses;
  if (addresses.length === 0)
    return message('info', t('steps.addresses.noEgress'), h('p', null, t('steps.addresses.noEgressWhy')));
  return h(
    'div',
    { class: 'addresses' },
    h(
      'dl',
      { class: 'values', ref: list },
      addresses.map((address, index) =>
        h(ValueRow, { key: address, name: t('steps.addresses.egress', { number: index + 1 }), value: address }),
      ),
    ),
    addresses.length > 1 &&
      h(
        'div',
        { class: 'actions' },
        h(CopyButton, {
          name: t('steps.addresses.allEgress'),
          all: true,
          text: addresses.join('\n'),
          source: list,
        }),
      ),
  );
}

/** Where WeCom sends the app's own events. @param {{ state: State }} props @returns {Children} */
export function AppCallback({ state: { platform } }) {
  return h(
    'dl',
    { class: 'values' },
    h(ValueRow, { name: t('steps.addresses.app'), value: platform.app_callback_url }),
  );
}
