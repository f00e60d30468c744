// A question before something that is not undone by a second click. Escape and the second button mean no.

import { h } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { button } from './parts.js';

/** @import { Children } from '../types.js' */

/**
 * Asks while it is there. The focus goes back to where it was. `isRight` is asked at yes, and may refuse after saying why.
 * @param {{ title: string, children: Children, yes: string, no: string, kind?: 'primary' | 'danger', isRight?: () => boolean, onAnswer: (agreed: boolean) => void }} props
 */
export function Question({ title, children, yes, no, kind = 'primary', isRight = () => true, onAnswer }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  // In the same task as the click: a key that is pressed right after it belongs to the dialog, not to the button below.
  useLayoutEffect(() => {
    const from = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (from instanceof HTMLElement && from.isConnected && document.activeElement === document.body) from.focus();
    };
  }, []);
  return h(
    'dialog',
    {
      class: 'dialog',
      ref: dialog,
      'aria-labelledby': 'dialog-title',
      'aria-describedby': 'dialog-text',
      onClose: () => onAnswer(dialog.current?.returnValue === 'yes'),
    },
    h(
      'form',
      {
        method: 'dialog',
        noValidate: true,
        autocomplete: 'off',
        onSubmit: (/** @type {Event} */ event) => {
          if (!isRight()) event.preventDefault();
        },
      },
      h('h2', { id: 'dialog-title' }, title),
      h('div', { id: 'dialog-text', class: 'dialog-text' }, children),
      h(
        'div',
        { class: 'dialog-actions' },
        button(no, { onClick: () => dialog.current?.close('no') }),
        button(yes, { type: 'submit', kind, value: 'yes' }),
      ),
    ),
  );
}

/** The lines of a question. @param {string[]} lines */
export function lines(...lines) {
  return lines.map((line) => h('p', { key: line }, line));
}
