// 操作指引: the panel beside the form, and the little links beside the fields that turn it to their topic.

import { drawing, h, icon, show } from '../dom.js';
import { currentLanguage, find, t } from '../i18n.js';
import { outwardLink } from './parts.js';

/** The link beside a field's label. */
export function guideLink(ctx, topic) {
  return h('button', {
    type: 'button', class: 'guide-link', 'aria-label': t('page.guide.of', { topic: find(`guide.${topic}`).title }),
    on: { click: (event) => ctx.guide.open(topic, event.currentTarget) },
  }, icon('book'), h('span', {}, t('page.guide.name')));
}

/** `suggest` follows the field in focus; `open` is the admin's wish and brings the panel into view. */
export function createGuide() {
  const heading = h('h2', { id: 'guide-heading', tabindex: '-1' });
  const body = h('div', { class: 'guide-body' });
  const back = h('button', { type: 'button', class: 'button button-plain guide-back', hidden: true, on: { click: goBack } }, icon('back'), h('span', {}));
  const element = h('aside', { class: 'guide', 'aria-labelledby': 'guide-heading' }, h('div', { class: 'guide-panel' }, heading, body, back));
  let topic = null;
  let opener = null;

  function suggest(wanted) {
    topic = wanted;
    show(body, [topic, currentLanguage()], () => {
      heading.textContent = t('page.guide.name');
      back.lastElementChild.textContent = t('page.guide.back');
      return topicBody(find(`guide.${topic}`));
    });
    element.hidden = topic === null;
  }

  function open(wanted, from) {
    suggest(wanted);
    opener = from;
    back.hidden = false;
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: 'nearest' });
    if (element.getBoundingClientRect().top > globalThis.innerHeight / 2) element.scrollIntoView({ block: 'start' });
  }

  function goBack() {
    back.hidden = true;
    opener?.focus();
    opener?.scrollIntoView({ block: 'center' });
  }

  return {
    element, suggest, open,
    hide() { element.hidden = true; },
    /** The panel in the language that has just been chosen. */
    renew() { if (topic) suggest(topic); },
  };
}

function topicBody(entry) {
  return [
    h('h3', { class: 'guide-title' }, entry.title),
    entry.rules.length > 0 && [h('h4', {}, t(entry.path.length > 0 ? 'page.guide.rules' : 'page.guide.points')), h('ul', { class: 'guide-rules' }, entry.rules.map((rule) => h('li', {}, rule)))],
    entry.path.length > 0 && [
      h('h4', {}, t('page.guide.place')),
      h('ol', { class: 'path', 'aria-label': t('page.guide.place') }, entry.path.map((part) => h('li', {}, part))),
    ],
    entry.link && h('p', { class: 'guide-deep' }, outwardLink(t('page.guide.openThere'), entry.link, 'plain')),
    h('figure', { class: 'diagram' }, drawing(entry.diagram.file, ['frame', currentLanguage()], entry.diagram.alt),
      h('figcaption', {}, t('page.guide.drawn', { date: entry.diagram.drawn }))),
    h('h4', {}, t('page.guide.steps')),
    h('ol', { class: 'guide-steps' }, entry.steps.map((step) => h('li', {}, step))),
    entry.questions.length > 0 && [h('h4', {}, t('page.guide.questions')), h('div', { class: 'questions' }, entry.questions.map(question))],
  ];
}

function question({ q, a }) {
  return h('details', { class: 'question' }, h('summary', {}, icon('chevron'), h('span', {}, q)), h('p', {}, a));
}
