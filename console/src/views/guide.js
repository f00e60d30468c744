// 操作指引: the panel beside the form, and the little links beside the fields that turn it to their topic.

import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useShared } from '../context.js';
import { currentLanguage, guideTopic, t } from '../i18n.js';
import { lasting } from '../storage.js';
import { CnameTarget, EgressAddresses } from './addresses.js';
import { button, icon, outwardLink, question } from './parts.js';

/** @import { Children, Topic } from '../types.js' */

/** The link beside a field's label. @param {{ topic: string }} props */
export function GuideLink({ topic }) {
  const { guide } = useShared();
  return h(
    'button',
    {
      type: 'button',
      class: 'guide-link',
      'aria-label': t('page.guide.of', { topic: guideTopic(topic).title }),
      onClick: (/** @type {MouseEvent} */ { currentTarget }) => {
        if (currentTarget instanceof HTMLElement) guide.open(topic, currentTarget);
      },
    },
    icon('book'),
    h('span', null, t('page.guide.name')),
  );
}

export function GuidePanel() {
  const { guide } = useShared();
  const panel = useRef(/** @type {HTMLElement | null} */ (null));
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  const topic = guide.topic.value;
  const opener = guide.opener.value;

  useEffect(() => {
    if (!opener || !heading.current || !panel.current) return;
    heading.current.focus({ preventScroll: true });
    heading.current.scrollIntoView({ block: 'nearest' });
    if (panel.current.getBoundingClientRect().top > globalThis.innerHeight / 2)
      panel.current.scrollIntoView({ block: 'start' });
  }, [topic, opener]);

  return h(
    'aside',
    { class: 'guide', 'aria-labelledby': 'guide-heading', hidden: topic === null, ref: panel },
    h(
      'div',
      { class: 'guide-panel' },
      h('h2', { id: 'guide-heading', tabIndex: -1, ref: heading }, t('page.guide.name')),
      topic && h(TopicBody, { key: topic, name: topic, topic: guideTopic(topic) }),
      opener &&
        h(
          'button',
          { type: 'button', class: 'button button-plain guide-back', onClick: guide.goBack },
          icon('back'),
          h('span', null, t('page.guide.back')),
        ),
    ),
  );
}

/** Which layout of WeCom's menu the admin sees, they say once. */
const MENU = 'wecom-authorization.menu';

/** @typedef {'new' | 'old'} Menu */

/** @param {{ name: string, topic: Topic }} props */
function TopicBody({ name, topic }) {
  const { title, rules, path, newPath, link, diagram, steps, questions } = topic;
  const { state } = useShared().store.snapshot.value;
  const [menu, setMenu] = useState(/** @type {Menu} */ (lasting.getItem(MENU) === 'old' ? 'old' : 'new'));
  const way = menu === 'new' && newPath.length > 0 ? newPath : path;

  /** @param {Menu} chosen */
  function choose(chosen) {
    lasting.setItem(MENU, chosen);
    setMenu(chosen);
  }

  return h(
    'div',
    { class: 'guide-body' },
    h('h3', { class: 'guide-title' }, title),
    rules.length > 0 && h('h4', null, t(path.length > 0 ? 'page.guide.rules' : 'page.guide.points')),
    rules.length > 0 &&
      h(
        'ul',
        { class: 'guide-rules' },
        rules.map((rule) => h('li', { key: rule }, rule)),
      ),
    way.length > 0 && h('h4', null, t('page.guide.place')),
    way.length > 0 &&
      h(
        'ol',
        { class: 'path', 'aria-label': t('page.guide.place') },
        way.map((part) => h('li', { key: part }, part)),
      ),
    link && h('p', { class: 'guide-deep' }, outwardLink(t('page.guide.openThere'), link, 'plain')),
    diagram.menu && h(MenuSwitch, { menu, onChoose: choose }),
    h(Figure, { diagram, menu }),
    h('h4', null, t('page.guide.steps')),
    h(
      'ol',
      { class: 'guide-steps' },
      steps.map((step) => h('li', { key: step }, step)),
    ),
    state && name === 'callback-domain' && h(CnameTarget, { state }),
    state && name === 'trusted-ip' && h(EgressAddresses, { state }),
    questions.length > 0 && h('h4', null, t('page.guide.questions')),
    questions.length > 0 &&
      h(
        'div',
        { class: 'questions' },
        questions.map(({ q, a }) => question(q, h('p', null, a))),
      ),
  );
}

/** @param {{ menu: Menu, onChoose: (menu: Menu) => void }} props */
function MenuSwitch({ menu, onChoose }) {
  /** @type {(name: Menu, text: string) => Children} */
  const choice = (name, text) =>
    h('button', { type: 'button', 'aria-pressed': menu === name, onClick: () => onChoose(name) }, text);
  return h(
    'div',
    { class: 'menu-switch', role: 'group', 'aria-label': t('page.guide.menu') },
    h('span', { class: 'quiet' }, t('page.guide.menu')),
    h('span', { class: 'languages' }, choice('new', t('page.guide.menuNew')), choice('old', t('page.guide.menuOld'))),
  );
}

/** The drawing; a press shows it as large as the screen allows. @param {{ diagram: Topic['diagram'], menu: Menu }} props */
function Figure({ diagram, menu }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [isLarge, setLarge] = useState(false);
  useLayoutEffect(() => {
    if (isLarge) dialog.current?.showModal();
  }, [isLarge]);
  return h(
    'figure',
    { class: 'diagram' },
    h(
      'button',
      {
        type: 'button',
        class: 'diagram-open',
        'aria-label': `${t('page.guide.enlarge')}${t('page.colon')}${diagram.alt}`,
        onClick: () => setLarge(true),
      },
      drawing(diagram, menu),
    ),
    h('figcaption', null, t('page.guide.drawn', { date: diagram.drawn })),
    isLarge &&
      h(
        'dialog',
        { class: 'dialog dialog-diagram', ref: dialog, 'aria-label': diagram.alt, onClose: () => setLarge(false) },
        h('div', { class: 'diagram-large', tabIndex: 0 }, drawing(diagram, menu)),
        h('form', { method: 'dialog', class: 'dialog-actions' }, button(t('page.guide.close'), { type: 'submit' })),
      ),
  );
}

/**
 * From a file of its own: the frame, which is the same in every language, and the labels of one language, its menu in one
 * layout.
 * @type {(diagram: Topic['diagram'], menu: Menu) => Children}
 */
function drawing({ file, alt, menu: hasMenu }, menu) {
  const address = new URL(`guide/${file}`, import.meta.url).href;
  const language = currentLanguage();
  const layers = ['frame', language, ...(hasMenu ? [`${language}-${menu}`] : [])];
  return h(
    'svg',
    { viewBox: '0 0 360 220', role: 'img', 'aria-label': alt },
    layers.map((layer) => h('use', { key: layer, href: `${address}#${layer}` })),
  );
}
