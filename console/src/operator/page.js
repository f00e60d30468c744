// The operators' page. What it shows is in the address (`?health=broken`, `?tenant=acme`, `?view=claims`), so that reloading, the back
// button and a link in a message all work.

import { Fragment, h } from 'preact';
import { useEffect } from 'preact/hooks';
import { currentLanguage, loadTexts, t } from '../i18n.js';
import { rememberLanguage } from '../language.js';
import { button } from '../views/parts.js';
import { ClaimsView } from './claims.js';
import { ListPart, SummaryPart } from './list.js';
import { place, way } from './parts.js';
import { TenantView } from './tenant.js';

/** @import { OperatorApi } from './api.js' */

/** @param {{ api: OperatorApi }} parts */
export function createPage({ api }) {
  return h(Page, { api });
}

/** @param {{ api: OperatorApi }} props */
function Page({ api }) {
  const tenantId = place.value.get('tenant');
  const bindingId = place.value.get('binding');
  const isClaims = !tenantId && place.value.get('view') === 'claims';
  const language = currentLanguage();
  const other = language === 'en' ? 'zh-CN' : 'en';
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = t('operator.title');
  }, [language]);
  return [
    h(
      'header',
      { class: 'top' },
      h(
        'div',
        { class: 'inner head' },
        h('h1', null, t('operator.title')),
        h(
          'nav',
          { class: 'actions', 'aria-label': t('operator.views') },
          way(t('operator.tenants'), {}, !tenantId && !isClaims),
          way(t('operator.claims'), { view: 'claims' }, isClaims),
          button(t('operator.otherLanguage'), {
            kind: 'plain',
            onClick: () => {
              rememberLanguage(other);
              void loadTexts(other);
            },
          }),
        ),
      ),
    ),
    h(
      'main',
      { class: 'inner operator' },
      h('h2', { class: 'view-title' }, t(isClaims ? 'operator.claims' : 'operator.tenants')),
      tenantId
        ? h(TenantView, { key: `${tenantId} ${bindingId}`, api, tenantId, bindingId })
        : isClaims
          ? h(ClaimsView, { api })
          : h(Fragment, null, h(SummaryPart, { api }), h(ListPart, { api })),
    ),
  ];
}
