// 设置: the callback's domain, the way back to the steps, and the way out.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { disconnectSection } from './disconnect.js';
import { domainForm } from './domain-form.js';
import { linkButton, section } from './parts.js';

export function settings(ctx) {
  const domain = domainForm(ctx, 'settings');
  const disconnect = disconnectSection(ctx);
  return {
    element: [
      section('settings-domain', t('steps.domain.title'), null, h('p', { class: 'lead' }, t('steps.domain.lead')), domain.element),
      section('settings-steps', t('steps.settings.again'), null, h('p', { class: 'lead' }, t('steps.settings.againLead')),
        h('div', { class: 'actions' }, ['install', 'contacts', 'external-contacts'].map((step) => linkButton(t(`page.step.${step}`), `#/${step}`)))),
      disconnect.element,
    ],
    update(state) {
      domain.update(state);
      disconnect.update(state);
    },
    topic: () => 'callback-domain',
  };
}
