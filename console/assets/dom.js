// Elements are made here and nowhere else. Data enters as text nodes and attribute values, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an element. `on` holds event listeners; `undefined`, `null` and `false` attributes and children are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  const { on = {}, value, ...rest } = attributes;
  setAttributes(element, rest);
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  element.append(...present(children));
  if (value !== undefined) element.value = value;
  return element;
}

export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Puts the sprite into the page, so that an icon shown later, such as that of a lost connection, needs no connection. */
export async function loadIcons() {
  const answer = await fetch(new URL('icons.svg', import.meta.url));
  if (!answer.ok) throw new Error(`icons.svg: ${answer.status}`);
  const sprite = new DOMParser().parseFromString(await answer.text(), 'image/svg+xml').documentElement;
  setAttributes(sprite, { hidden: true });
  document.body.append(document.importNode(sprite, true));
}

/** An icon from the sprite; decoration only, the word beside it carries the meaning. */
export function icon(name, className = '') {
  const svg = document.createElementNS(SVG, 'svg');
  setAttributes(svg, { class: `icon ${className}`.trim(), 'aria-hidden': 'true', focusable: 'false' });
  svg.append(svgUse(`#icon-${name}`));
  return svg;
}

/** Another icon in the place of one that is shown. */
export function turnIcon(svg, name) {
  svg.replaceChildren(svgUse(`#icon-${name}`));
}

/** A drawing from an external file: the frame, which is the same in every language, and the labels of one language. */
export function drawing(file, layers, label) {
  const svg = document.createElementNS(SVG, 'svg');
  setAttributes(svg, { viewBox: '0 0 360 220', role: 'img', 'aria-label': label });
  const address = new URL(`guide/${file}`, import.meta.url).href;
  svg.append(...layers.map((layer) => svgUse(`${address}#${layer}`)));
  return svg;
}

function svgUse(href) {
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', href);
  return use;
}

const shown = new WeakMap();

/**
 * Fills `host` with what `build` returns, but only when `key` differs from the last time: what the admin is reading, typing
 * or focusing stays as it is while the page polls. If the focus was inside, it goes to the element with the same
 * `data-focus` name, or to the host.
 */
export function show(host, key, build) {
  const text = JSON.stringify(key);
  if (shown.get(host) === text) return false;
  shown.set(host, text);
  const active = host.contains(document.activeElement) ? document.activeElement : null;
  host.replaceChildren(...present([build()]));
  if (active) restoreFocus(host, active.dataset?.focus);
  return true;
}

function restoreFocus(host, name) {
  const successor = name && host.querySelector(`[data-focus="${CSS.escape(name)}"]`);
  if (successor && !successor.hidden) return successor.focus();
  host.setAttribute('tabindex', '-1');
  host.focus({ preventScroll: true });
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false && child !== '');
}
