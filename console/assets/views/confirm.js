// A question before something that is not undone by a second click. Escape and the second button mean no.

import { h } from '../dom.js';
import { button } from './parts.js';

/**
 * Resolves to whether the admin agreed; the focus goes back to where it was. `isRight` is asked at yes, and may refuse
 * after saying why.
 */
export function ask({ title, content, yes, no, kind = 'primary', isRight = () => true }) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-text' },
      h('form', { method: 'dialog', novalidate: true, autocomplete: 'off', on: { submit: (event) => { if (!isRight()) event.preventDefault(); } } },
        h('h2', { id: 'dialog-title' }, title),
        h('div', { id: 'dialog-text', class: 'dialog-text' }, content),
        h('div', { class: 'dialog-actions' },
          button(no, { onClick: () => dialog.close('no') }),
          button(yes, { type: 'submit', kind, value: 'yes' }))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function confirm({ lines, ...question }) {
  return ask({ ...question, content: lines.map((line) => h('p', {}, line)) });
}
