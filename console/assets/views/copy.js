// 复制: puts a text on the clipboard and says so. The mark stays, so that the admin sees what is already copied.

import { h, icon } from '../dom.js';
import { t } from '../i18n.js';

/** `text()` is asked at the click; `source` is what gets selected where the clipboard refuses. */
export function copyButton({ name, all = false, text, source, announce }) {
  const word = h('span', {}, t(all ? 'page.copyAll' : 'page.copy'));
  const mark = icon('copy');
  const element = h('button', {
    type: 'button', class: 'button button-secondary button-copy', 'data-focus': `copy-${name}`,
    'aria-label': t(all ? 'page.copyAllNamed' : 'page.copyNamed', { name }), on: { click: copy },
  }, mark, word);

  async function copy() {
    const done = await write(text()).catch(() => false);
    if (!done) return announce(select(source));
    element.classList.add('is-copied');
    word.textContent = t('page.copied');
    element.setAttribute('aria-label', t('page.copiedNamed', { name }));
    mark.querySelector('use').setAttribute('href', 'assets/icons.svg#check');
    return announce(t('page.copiedNamed', { name }));
  }

  return element;
}

async function write(text) {
  await navigator.clipboard.writeText(text);
  return true;
}

function select(source) {
  const selection = globalThis.getSelection();
  selection.selectAllChildren(source);
  return t('page.copyByHand');
}
