// Where the focus goes when what had it is gone: a button that became another, a form that became its result.

/**
 * Watches `root`. What replaces the focused element has the same `data-focus` name; without one, the card around it is
 * focused, so that a screen reader and the keyboard go on from there.
 * @param {HTMLElement} root
 */
export function keepFocus(root) {
  /** @type {HTMLElement | null} */
  let last = null;
  /** @type {HTMLElement[]} */
  let around = [];
  root.addEventListener('focusin', ({ target }) => {
    last = target instanceof HTMLElement ? target : null;
    around = [];
    for (let node = last?.parentElement; node && node !== root; node = node.parentElement) around.push(node);
  });
  root.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget) last = null;
  });
  new MutationObserver(() => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    const name = last.dataset.focus;
    last = null;
    const successor = name ? root.querySelector(`[data-focus="${CSS.escape(name)}"]`) : null;
    const next = successor ?? around.find((node) => node.isConnected && node.matches('.card, main'));
    if (!(next instanceof HTMLElement)) return;
    if (!successor) next.setAttribute('tabindex', '-1');
    next.focus({ preventScroll: !successor });
  }).observe(root, { childList: true, subtree: true });
}
