// How the page gets its bearer token. This is the one place to change for another way of signing in.
//
// `assets/config.json`, given by the server, names the way:
//   {"mode": "oidc", "issuer": "https://…", "client_id": "…", "bearer": "access_token", "scope": "openid"}
//       Production. OIDC authorization code with PKCE against the issuer that the API's JWT authorizer trusts (oidc.js).
//       "bearer" is "access_token", or "id_token" where that one holds the tenant claim. With "authorization_endpoint" and
//       "token_endpoint" there is no discovery. The server's Content-Security-Policy opens connect-src to the origins of
//       issuer and token endpoint; docs/deploy.md says how they are set.
//   {"mode": "local", "token": "…"}
//       Nobody signs in on a machine of one's own: the server hands the token over, and the page keeps it in memory. A
//       token in the address, `#token=…`, wins over it, for another tenant; fragments are not sent to any server, and the
//       page takes it out of the address bar at once.
//   In a platform's own page neither counts: the host hands its token over, the page keeps it in memory, and asks for another
//       one when the API refuses it. "embed_origins" lists the hosts that may.
//
// A token that must outlive a reload is held in sessionStorage: it ends with the tab, and is never in localStorage or a
// cookie.
//
// An adapter has: `token()`, the bearer token or null; `renew()`, which tries for a new one without the admin and says
// whether it has one; `signIn()`, which leads the admin to sign in, or null where the page cannot do that; `tried`, whether
// the admin has just come back from there (then a missing token must not send them off once more).

import { signal } from '@preact/signals';
import { framedBy, openHost } from './embed/host.js';
import { openOidc } from './oidc.js';
import { passing as store } from './storage.js';

/** @import { OidcConfig } from './oidc.js' */

/** @import { Host } from './embed/host.js' */

/** @typedef {{ mode: 'local', token?: string | null, operator_token?: string | null, embed_origins?: string[] }} LocalConfig */
/**
 * @typedef {object} Adapter
 * @property {() => string | null} token
 * @property {() => Promise<boolean>} renew
 * @property {(() => Promise<void>) | null} signIn
 * @property {boolean} tried
 */
/** @typedef {Awaited<ReturnType<typeof openSession>>} Session */

const KEPT = 'wecom-authorization.token';

/** An operator's page takes the operator's token of the local server, and no platform frames it. */
export async function openSession({ place = globalThis.location, isOperator = false } = {}) {
  const config = await readConfig();
  const framer = isOperator ? null : framedBy(place);
  const host = framer === null ? null : await openHost({ origin: framer, origins: config.embed_origins ?? [] });
  const adapter = host
    ? await openEmbedded(host)
    : config.mode === 'local'
      ? openLocal(place, config, isOperator)
      : await openOidc(config);
  const expired = signal(false);
  /** @type {Promise<boolean> | null} */
  let renewal = null;
  return {
    ...adapter,
    /** Calls that are refused while a renewal is under way share it. */
    renew() {
      renewal ??= adapter.renew().finally(() => {
        renewal = null;
      });
      return renewal;
    },
    /** The platform's page around this one, or null. */
    host,
    /** Whether the server has refused the token and there was no other. */
    expired,
    expire() {
      expired.value = true;
    },
  };
}

/** @returns {Promise<LocalConfig | OidcConfig>} */
async function readConfig() {
  const early = globalThis.early && (await globalThis.early.config);
  if (early && globalThis.early) {
    // Once: a restarted server gives another token.
    globalThis.early.config = Promise.resolve(null);
    return early;
  }
  const answer = await fetch(new URL('assets/config.json', document.baseURI), { cache: 'no-cache' });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  return answer.json();
}

/** @type {(place: Location, config: LocalConfig, isOperator: boolean) => Adapter} */
function openLocal(place, config, isOperator) {
  /** @param {LocalConfig} config */
  const tokenOf = (config) => (isOperator ? config.operator_token : config.token);
  let given = tokenOf(config) ?? null;
  takeToken(place);
  // Another tenant's address opened in this tab changes nothing but the fragment.
  globalThis.addEventListener('hashchange', () => takeToken(place) && place.reload());

  /** The server may have been restarted, with another token. */
  async function renew() {
    if (store.getItem(KEPT)) return false;
    const config = await readConfig().catch(() => null);
    const token = config?.mode === 'local' ? tokenOf(config) : given;
    const isNew = Boolean(token) && token !== given;
    given = token ?? null;
    return isNew;
  }

  return {
    token: () => store.getItem(KEPT) ?? given,
    renew,
    signIn: null,
    tried: false,
  };
}

/** @type {(place: Location) => boolean} */
function takeToken(place) {
  const token = /^#token=(.+)$/.exec(place.hash)?.[1];
  if (!token) return false;
  store.setItem(KEPT, decodeURIComponent(token));
  globalThis.history.replaceState(null, '', place.pathname + place.search);
  return true;
}

/** @param {Host} host @returns {Promise<Adapter>} */
async function openEmbedded(host) {
  let token = await host.askToken(false);
  return {
    token: () => token,
    async renew() {
      const renewed = await host.askToken(true);
      const isNew = renewed !== null && renewed !== token;
      token = renewed ?? token;
      return isNew;
    },
    signIn: null,
    tried: false,
  };
}
