// 复制: puts a text on the clipboard and says so. The mark stays, so that the admin sees what is already copied. Where the
// browser has no clipboard for us (a page without https) the older command does it; where that is refused too, the text is
// selected and the button says which keys to press.

import { h, icon, turnIcon } from '../dom.js';
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
    if (!(await write(text()).catch(() => copyByCommand(text(), source)))) return byHand();
    element.classList.add('is-copied');
    word.textContent = t('page.copied');
    element.setAttribute('aria-label', t('page.copiedNamed', { name }));
    turnIcon(mark, 'check');
    return announce(t('page.copiedNamed', { name }));
  }

  function byHand() {
    globalThis.getSelection().selectAllChildren(source);
    word.textContent = t('page.copyByHand');
    element.removeAttribute('aria-label');
    return announce(t('page.copyByHandHint'));
  }

  return element;
}

async function write(text) {
  await navigator.clipboard.writeText(text);
  return true;
}

/** Puts the text itself on the clipboard; that something is selected is what the command asks for. */
function copyByCommand(text, source) {
  let taken = false;
  globalThis.getSelection().selectAllChildren(source);
  const hand = (event) => {
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
    taken = true;
  };
  document.addEventListener('copy', hand, { once: true });
  document.execCommand('copy');
  document.removeEventListener('copy', hand);
  globalThis.getSelection().removeAllRanges();
  return taken;
}
