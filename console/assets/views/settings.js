// 设置: the callback's domain, and the way back to the steps.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { domainForm } from './domain-form.js';
import { linkButton, section } from './parts.js';

export function settings(ctx) {
  const domain = domainForm(ctx, 'settings');
  return {
    element: [
      section('settings-domain', t('steps.domain.title'), null, h('p', { class: 'lead' }, t('steps.domain.lead')), domain.element),
      section('settings-steps', t('steps.settings.again'), null, h('p', { class: 'lead' }, t('steps.settings.againLead')),
        h('div', { class: 'actions' }, ['install', 'contacts', 'external-contacts'].map((step) => linkButton(t(`page.step.${step}`), `#/${step}`)))),
    ],
    update: domain.update,
    topic: () => 'callback-domain',
  };
}
