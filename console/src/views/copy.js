// 复制: puts a text on the clipboard and says so. The mark stays, so that the admin sees what is already copied. Where the
// browser has no clipboard for us (a page without https) the older command does it; where that is refused too, the text is
// selected and the button says which keys to press.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { t } from '../i18n.js';
import { icon } from './parts.js';

/** @typedef {{ current: HTMLElement | null }} Source */

/**
 * `source` is what gets selected where the clipboard refuses.
 * @param {{ name: string, text: string, source: Source, all?: boolean }} props
 */
export function CopyButton({ name, text, source, all = false }) {
  const { announce } = useShared();
  const [outcome, setOutcome] = useState({ text: '', isCopied: false });
  const { isCopied } = outcome;
  // What was copied is another value by now.
  const isDone = outcome.text === text;

  async function copy() {
    const node = source.current;
    if (!node) return;
    const taken = await write(text).catch(() => copyByCommand(text, node));
    setOutcome({ text, isCopied: taken });
    if (taken) return announce(t('page.copiedNamed', { name }));
    select(node);
    return announce(t('page.copyByHandHint'));
  }

  const named = isDone
    ? isCopied && t('page.copiedNamed', { name })
    : t(all ? 'page.copyAllNamed' : 'page.copyNamed', { name });
  return h(
    'button',
    {
      type: 'button',
      class: `button button-secondary button-copy${isDone && isCopied ? ' is-copied' : ''}`,
      'data-focus': `copy-${name}`,
      'aria-label': named || undefined,
      onClick: copy,
    },
    icon(isDone && isCopied ? 'check' : 'copy'),
    h('span', null, isDone ? t(isCopied ? 'page.copied' : 'page.copyByHand') : t(all ? 'page.copyAll' : 'page.copy')),
  );
}

/** @param {string} text */
async function write(text) {
  await navigator.clipboard.writeText(text);
  return true;
}

/** @param {HTMLElement} source */
function select(source) {
  globalThis.getSelection()?.selectAllChildren(source);
}

/** Puts the text itself on the clipboard; that something is selected is what the command asks for. @type {(text: string, source: HTMLElement) => boolean} */
function copyByCommand(text, source) {
  let taken = false;
  select(source);
  /** @param {ClipboardEvent} event */
  const hand = (event) => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    taken = true;
  };
  document.addEventListener('copy', hand, { once: true });
  document.execCommand('copy');
  document.removeEventListener('copy', hand);
  globalThis.getSelection()?.removeAllRanges();
  return taken;
}
