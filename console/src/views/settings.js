// 设置: the callback's domain, how long events are stored, the way back to the steps, and the way out.

import { h } from 'preact';
import { t } from '../i18n.js';
import { AppCallback, EgressAddresses } from './addresses.js';
import { AddBindingSection } from './bindings.js';
import { DisconnectSection } from './disconnect.js';
import { DomainForm } from './domain-form.js';
import { linkButton, section } from './parts.js';
import { RetentionForm } from './retention-form.js';

/** @import { State } from '../types.js' */

/** @param {{ state: State }} props */
export function SettingsView({ state }) {
  return [
    section(
      'settings-domain',
      t('steps.domain.title'),
      null,
      h('p', { class: 'lead' }, t('steps.domain.lead')),
      h(DomainForm, { state, id: 'settings' }),
    ),
    section(
      'settings-addresses',
      t('steps.addresses.title'),
      null,
      h('p', { class: 'lead' }, t('steps.addresses.lead')),
      h(EgressAddresses, { state }),
      h(AppCallback, { state }),
      h('p', { class: 'note' }, t('steps.addresses.appNote')),
    ),
    section(
      'settings-retention',
      t('steps.retention.title'),
      null,
      h('p', { class: 'lead' }, t('steps.retention.lead')),
      h(RetentionForm, { state }),
    ),
    section(
      'settings-steps',
      t('steps.settings.again'),
      null,
      h('p', { class: 'lead' }, t('steps.settings.againLead')),
      h(
        'div',
        { class: 'actions' },
        ['install', 'contacts', 'external-contacts'].map((step) => linkButton(t(`page.step.${step}`), `#/${step}`)),
      ),
    ),
    h(AddBindingSection, null),
    h(DisconnectSection, { state }),
  ];
}
