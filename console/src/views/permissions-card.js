// ② and ③ with a customised app (代开发): nothing to type, but permissions that the corporation's administrator confirms in WeCom.

import { h } from 'preact';
import { t } from '../i18n.js';
import { missingPermissions } from '../progress.js';
import { CheckPart } from './check-part.js';
import { GuideLink } from './guide.js';
import { badge, icon, message, section } from './parts.js';

/** @import { Scope, State } from '../types.js' */

/** @param {{ state: State, scope: Scope }} props */
export function PermissionsCard({ state, scope }) {
  const missing = missingPermissions(state, scope);
  const isOpen = missing.length > 0;
  return section(
    'permissions-card',
    t('steps.permissions.title'),
    h(
      'span',
      { class: 'card-status' },
      badge(isOpen ? 'warn' : 'ok', t(isOpen ? 'steps.permissions.open' : 'steps.permissions.ok')),
    ),
    isOpen
      ? [
          message('warn', t('steps.permissions.missing'), h(GuideLink, { topic: 'permissions' })),
          h(
            'ul',
            { class: 'abilities' },
            missing.map((name) => h('li', { key: name }, icon('clock'), h('code', null, name))),
          ),
        ]
      : h('p', { class: 'lead' }, t('steps.permissions.right')),
    h(CheckPart, { state }),
  );
}
