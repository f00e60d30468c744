// 开始前请确认: what an admin has at hand before step 1.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n.js';
import { lasting } from '../storage.js';
import { GuideLink } from './guide.js';
import { button, icon } from './parts.js';

const READ = 'wecom-authorization.preparation-read';

/** @type {Record<string, string | undefined>} */
const PREPARATION_TOPICS = { domain: 'callback-domain', ip: 'trusted-ip', corpId: 'corp-id', customer: 'app-secret' };

/** 开始前请确认: open where the admin begins, until it has been read once in this browser. @param {{ isFit: boolean }} props */
export function Preparation({ isFit }) {
  const [isOpen, setOpen] = useState(isFit && lasting.getItem(READ) === null);

  /** @param {MouseEvent} event */
  function read({ currentTarget }) {
    lasting.setItem(READ, 'yes');
    setOpen(false);
    if (currentTarget instanceof HTMLElement) currentTarget.closest('details')?.querySelector('summary')?.focus();
  }

  return h(
    'details',
    {
      class: 'preparation',
      open: isOpen,
      onToggle: (/** @type {Event} */ event) => setOpen(/** @type {HTMLDetailsElement} */ (event.currentTarget).open),
    },
    h('summary', null, icon('list'), h('span', null, t('steps.prepare.title')), icon('chevron', 'chevron')),
    h(
      'ul',
      null,
      ['role', 'domain', 'ip', 'corpId', 'customer'].map((name) => {
        const topic = PREPARATION_TOPICS[name];
        return h('li', { key: name }, h('span', null, t(`steps.prepare.${name}`)), topic && h(GuideLink, { topic }));
      }),
    ),
    h('div', { class: 'actions' }, button(t('steps.prepare.read'), { onClick: read })),
  );
}
