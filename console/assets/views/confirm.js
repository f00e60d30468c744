// A question before something that is not undone by a second click. Escape and the second button mean no.

import { h } from '../dom.js';
import { button } from './parts.js';

/** Resolves to whether the admin agreed; the focus goes back to where it was. */
export function confirm({ title, lines, yes, no }) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-text' },
      h('form', { method: 'dialog' },
        h('h2', { id: 'dialog-title' }, title),
        h('div', { id: 'dialog-text' }, lines.map((line) => h('p', {}, line))),
        h('div', { class: 'dialog-actions' },
          button(no, { type: 'submit', value: 'no' }),
          button(yes, { type: 'submit', kind: 'primary', value: 'yes' }))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
