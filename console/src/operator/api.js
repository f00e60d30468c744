// The operators' part of the HTTP contract, one method per call.

import { createCaller } from '../api.js';

/** @import { Session } from '../session.js' */
/** @import { ClaimPage, State, Tenant, TenantPage, TenantSummary } from '../types.js' */

/** @typedef {ReturnType<typeof createApi>} OperatorApi */

/** @param {{ session: Pick<Session, 'token' | 'renew' | 'expire'> }} parts */
export function createApi({ session }) {
  const { call } = createCaller({ session });
  /** @param {string} tenantId */
  const path = (tenantId) => `operator/tenants/${encodeURIComponent(tenantId)}`;
  return {
    /** @returns {Promise<TenantSummary>} */
    summary: () => call('GET', 'operator/summary'),
    /** @type {(query: Record<string, string>) => Promise<TenantPage>} */
    tenants: (query) => call('GET', 'operator/tenants', { query }),
    /** The look is in the tenant's activity log. @type {(tenantId: string, bindingId: string | null) => Promise<Tenant>} */
    tenant: (tenantId, bindingId) => call('GET', path(tenantId), { query: { binding_id: bindingId } }),
    /** @type {(tenantId: string, bindingId: string | null) => Promise<State>} */
    check: (tenantId, bindingId) => call('POST', `${path(tenantId)}/check`, { query: { binding_id: bindingId } }),
    /** @type {(tenantId: string, bindingId: string | null) => Promise<null>} */
    disconnect: (tenantId, bindingId) =>
      call('POST', `${path(tenantId)}/disconnect`, { query: { binding_id: bindingId } }),
    /** @type {(cursor: string | null) => Promise<ClaimPage>} */
    claims: (cursor) => call('GET', 'operator/claims', { query: { cursor } }),
    /** @type {(claimId: string, tenantId: string) => Promise<State>} */
    assign: (claimId, tenantId) =>
      call('POST', `operator/claims/${encodeURIComponent(claimId)}/assignment`, { body: { tenant_id: tenantId } }),
  };
}
