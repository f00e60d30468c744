// The QR code of a template (代开发), which an administrator of the corporation scans with WeCom.

import { h } from 'preact';
import { useRef } from 'preact/hooks';
import { encode } from 'uqr';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { isInstalled } from '../progress.js';
import { CopyButton } from './copy.js';
import { button, icon } from './parts.js';

/** @import { Children, State } from '../types.js' */

/** The modules of white around the code that readers need (ISO/IEC 18004). */
const QUIET = 4;

/** @param {{ state: State, now: number, again: Children }} props */
export function QrCodeWaiting({ state, now, again }) {
  const { installation: flow } = useShared();
  const text = useRef(/** @type {HTMLElement | null} */ (null));
  const link = flow.link();
  if (!link) return null;
  return [
    h(
      'div',
      { class: 'qr' },
      h(QrCode, { text: link.url }),
      h(
        'div',
        { class: 'qr-beside' },
        h(
          'ol',
          { class: 'numbered' },
          ['scan', 'agree', 'confirm'].map((name) => h('li', { key: name }, t(`steps.qr.do.${name}`))),
        ),
        h('p', { class: 'quiet' }, h('span', { class: 'countdown', role: 'timer' }, countdown(link.expires_at, now))),
        h(
          'div',
          { class: 'qr-link' },
          h('code', { ref: text }, link.url),
          h(CopyButton, { name: t('steps.qr.link'), text: link.url, source: text }),
        ),
        h('p', { class: 'note' }, icon('info'), h('span', null, t('steps.qr.linkNote'))),
      ),
    ),
    isInstalled(state) && h('p', { class: 'note' }, icon('info'), h('span', null, t('steps.install.stillInstalled'))),
    h('div', { class: 'actions' }, again, button(t('steps.install.cancel'), { kind: 'plain', onClick: flow.giveUp })),
  ];
}

/** @type {(expiresAt: string, now: number) => string} */
function countdown(expiresAt, now) {
  const seconds = Math.max(0, Math.round((Date.parse(expiresAt) - now) / 1000));
  const hours = Math.floor(seconds / 3600);
  if (hours >= 1) return t('steps.qr.hours', { days: Math.floor(hours / 24), hours: hours % 24 });
  return t('steps.qr.minutes', { minutes: Math.floor(seconds / 60), seconds: String(seconds % 60).padStart(2, '0') });
}

/** Always black on white, whatever the page's colours are: phones read nothing else reliably. @param {{ text: string }} props */
function QrCode({ text }) {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET });
  const dark = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')));
  return h(
    'svg',
    { class: 'qr-code', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': t('steps.qr.alt') },
    h('path', { d: dark.join(''), 'shape-rendering': 'crispEdges' }),
  );
}
