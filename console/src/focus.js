// Where the focus goes when what had it is gone: a button that became another, a form that became its result.

const FOCUSABLE = 'a, button, input, select, summary, [tabindex]';

/**
 * Watches `root`. What replaces the focused element has the same `data-focus` name; without one, the card around it is
 * focused, so that a screen reader and the keyboard go on from there. An element that is moved keeps the focus.
 * @param {HTMLElement} root
 */
export function keepFocus(root) {
  /** @type {HTMLElement | null} */
  let last = null;
  /** @type {HTMLElement[]} */
  let around = [];

  /** @param {EventTarget | null} target */
  function note(target) {
    last = target instanceof Element ? target.closest(FOCUSABLE) : null;
    around = [];
    for (let node = last?.parentElement; node && node !== root; node = node.parentElement) around.push(node);
  }

  root.addEventListener('focusin', ({ target }) => note(target));
  // Whoever presses beside everything wants the focus nowhere.
  document.addEventListener('pointerdown', ({ target }) => note(target), { capture: true });
  new MutationObserver(() => {
    if (!last || document.activeElement !== document.body) return;
    if (last.isConnected) return last.focus({ preventScroll: true });
    const name = last.dataset.focus;
    const successor = name ? root.querySelector(`[data-focus="${CSS.escape(name)}"]`) : null;
    if (successor instanceof HTMLElement) return successor.focus();
    const card = around.find((node) => node.isConnected && node.matches('.card, main'));
    last = null;
    return card && focusOn(card);
  }).observe(root, { childList: true, subtree: true });
}

/**
 * Leads a screen reader and the keyboard to a card.
 * @param {HTMLElement} card
 */
export function focusOn(card) {
  card.setAttribute('tabindex', '-1');
  card.focus({ preventScroll: true });
}
