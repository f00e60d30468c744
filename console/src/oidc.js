// OIDC authorization code with PKCE (RFC 7636, RFC 9700): a public client, no client secret, no third-party script.

import { passing } from './storage.js';

const KEPT = 'wecom-authorization.token';
const PENDING = 'wecom-authorization.sign-in';
/** A token about to end is as good as ended. */
const MARGIN_MS = 30_000;

/** @import { Adapter } from './session.js' */
/** @import { Store } from './storage.js' */

/**
 * @typedef {object} OidcConfig what `config.json` gives; session.js says what each member means
 * @property {'oidc'} mode
 * @property {string} issuer
 * @property {string} client_id
 * @property {string} [scope]
 * @property {'access_token' | 'id_token'} [bearer]
 * @property {string} [authorization_endpoint]
 * @property {string} [token_endpoint]
 * @property {string[]} [embed_origins]
 */
/** @typedef {{ access_token?: string, id_token?: string, refresh_token?: string, expires_in?: number }} Granted */

/** @type {(config: OidcConfig, window?: { place?: Location, store?: Store }) => Promise<Adapter>} */
export async function openOidc(config, { place = globalThis.location, store = passing } = {}) {
  const endpoints = await discover(config);
  const redirectUri = place.origin + place.pathname;
  /** @type {string | null} */
  let refreshToken = null;

  /** @type {(fields: Record<string, string>) => Promise<Granted | null>} */
  async function exchange(fields) {
    const answer = await fetch(endpoints.token_endpoint, {
      method: 'POST',
      credentials: 'omit',
      body: new URLSearchParams({ client_id: config.client_id, ...fields }),
    }).catch(() => null);
    if (!answer?.ok) return null;
    /** @type {Granted} */
    const granted = await answer.json();
    const bearer = granted[config.bearer ?? 'access_token'];
    if (!bearer) return null;
    refreshToken = granted.refresh_token ?? refreshToken;
    store.setItem(KEPT, JSON.stringify({ bearer, endsAt: Date.now() + (granted.expires_in ?? 3600) * 1000 }));
    return granted;
  }

  function token() {
    const kept = JSON.parse(store.getItem(KEPT) ?? 'null');
    return kept && kept.endsAt - MARGIN_MS > Date.now() ? kept.bearer : null;
  }

  async function renew() {
    if (!refreshToken) return false;
    return (await exchange({ grant_type: 'refresh_token', refresh_token: refreshToken })) !== null;
  }

  /** Leaves for the issuer; the address to come back to is kept, with everything in it. */
  async function signIn() {
    const pending = { state: random(), nonce: random(), verifier: random(), returnTo: place.search + place.hash };
    store.setItem(PENDING, JSON.stringify(pending));
    const url = new URL(endpoints.authorization_endpoint);
    const query = {
      response_type: 'code',
      client_id: config.client_id,
      redirect_uri: redirectUri,
      scope: config.scope ?? 'openid',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await challenge(pending.verifier),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    place.assign(url);
  }

  /** Finishes the sign-in that this tab began; an answer to somebody else's is left alone. */
  async function finish() {
    const query = new URLSearchParams(place.search);
    const pending = JSON.parse(store.getItem(PENDING) ?? 'null');
    if (!pending || query.get('state') !== pending.state) return false;
    store.removeItem(PENDING);
    globalThis.history.replaceState(null, '', place.pathname + pending.returnTo);
    const issuer = query.get('iss');
    const code = query.get('code');
    if (!code || (issuer && issuer !== config.issuer)) return true;
    const granted = await exchange({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: pending.verifier,
    });
    if (granted?.id_token && claims(granted.id_token).nonce !== pending.nonce) {
      // An answer to another sign-in: none of its tokens may be used, not even for a renewal.
      store.removeItem(KEPT);
      refreshToken = null;
    }
    return true;
  }

  const tried = await finish();
  return { token, renew, signIn, tried };
}

/** @type {(config: OidcConfig) => Promise<{ authorization_endpoint: string, token_endpoint: string }>} */
async function discover(config) {
  const { authorization_endpoint, token_endpoint } = config;
  if (authorization_endpoint && token_endpoint) return { authorization_endpoint, token_endpoint };
  const url = `${config.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { credentials: 'omit' });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const found = await answer.json();
  if (found.issuer !== config.issuer) throw new Error(`the discovery document names another issuer: ${found.issuer}`);
  return found;
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** @param {string} verifier */
async function challenge(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** @param {string} jwt */
function claims(jwt) {
  const payload = (jwt.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (char) => char.charCodeAt(0))));
}
