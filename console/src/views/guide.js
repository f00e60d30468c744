// 操作指引: the panel beside the form, and the little links beside the fields that turn it to their topic.

import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useShared } from '../context.js';
import { currentLanguage, guideTopic, t } from '../i18n.js';
import { icon, outwardLink, question } from './parts.js';

/** @import { Topic } from '../types.js' */

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
      topic && h('div', { class: 'guide-body', key: topic }, topicBody(guideTopic(topic))),
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

/** @param {Topic} entry */
function topicBody({ title, rules, path, link, diagram, steps, questions }) {
  return [
    h('h3', { class: 'guide-title' }, title),
    rules.length > 0 && h('h4', null, t(path.length > 0 ? 'page.guide.rules' : 'page.guide.points')),
    rules.length > 0 &&
      h(
        'ul',
        { class: 'guide-rules' },
        rules.map((rule) => h('li', null, rule)),
      ),
    path.length > 0 && h('h4', null, t('page.guide.place')),
    path.length > 0 &&
      h(
        'ol',
        { class: 'path', 'aria-label': t('page.guide.place') },
        path.map((part) => h('li', null, part)),
      ),
    link && h('p', { class: 'guide-deep' }, outwardLink(t('page.guide.openThere'), link, 'plain')),
    h(
      'figure',
      { class: 'diagram' },
      drawing(diagram),
      h('figcaption', null, t('page.guide.drawn', { date: diagram.drawn })),
    ),
    h('h4', null, t('page.guide.steps')),
    h(
      'ol',
      { class: 'guide-steps' },
      steps.map((step) => h('li', null, step)),
    ),
    questions.length > 0 && h('h4', null, t('page.guide.questions')),
    questions.length > 0 &&
      h(
        'div',
        { class: 'questions' },
        questions.map(({ q, a }) => question(q, h('p', null, a))),
      ),
  ];
}

/** From a file of its own: the frame, which is the same in every language, and the labels of one language. @param {Topic['diagram']} diagram */
function drawing({ file, alt }) {
  const address = new URL(`guide/${file}`, import.meta.url).href;
  return h(
    'svg',
    { viewBox: '0 0 360 220', role: 'img', 'aria-label': alt },
    h('use', { href: `${address}#frame` }),
    h('use', { href: `${address}#${currentLanguage()}` }),
  );
}
