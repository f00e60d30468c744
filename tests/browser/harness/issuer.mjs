// An OIDC issuer as the page meets it: discovery on one origin, tokens on another, authorization code with PKCE (S256), each
// code good once, refresh tokens, and a page of its own where one signs in or does not. It holds the page to the protocol and refuses what does not keep to it. It signs nothing: the
// access token is the local server's own, which checks it; that API Gateway takes an issuer's tokens is not shown here.

import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

export const CLIENT = 'admin-page';

const json = (answer, status, body) =>
  answer
    .writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
    .end(JSON.stringify(body));
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

async function listen(handle) {
  const server = createServer((request, answer) => {
    handle(request, answer).catch((error) => {
      answer.writeHead(500).end(String(error));
    });
  });
  await new Promise((ready) => {
    server.listen(0, '127.0.0.1', ready);
  });
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** `bearers` are given out one after the other, the last for good. Its `nonce`, if it is set, replaces the one asked for. */
export async function startIssuer(bearers) {
  const seen = { authorizations: 0, refusals: [], grants: [] };
  const codes = new Map();
  const issuer = { seen };

  function authorize(url, answer) {
    seen.authorizations += 1;
    const query = Object.fromEntries(url.searchParams);
    const isRight =
      query.response_type === 'code' &&
      query.client_id === CLIENT &&
      query.code_challenge_method === 'S256' &&
      /^[\w-]{43}$/.test(query.code_challenge) &&
      query.state?.length >= 32 &&
      query.nonce?.length >= 32 &&
      query.scope.split(' ').includes('openid');
    if (!isRight) return answer.writeHead(400).end('not an authorization request');
    const code = randomUUID();
    codes.set(code, query);
    const link = (words, more) => {
      const back = new URL(query.redirect_uri);
      for (const [name, value] of Object.entries({ state: query.state, iss: issuer.origin, ...more }))
        back.searchParams.set(name, value);
      return `<a href="${back.href.replaceAll('&', '&amp;')}">${words}</a>`;
    };
    return answer
      .writeHead(200, { 'content-type': 'text/html' })
      .end(
        `<!doctype html><html lang="en"><title>Issuer</title><p>${link('Sign in', { code })} ${link('Cancel', { error: 'access_denied' })}`,
      );
  }

  async function token(request, answer) {
    const fields = Object.fromEntries(new URLSearchParams(Buffer.concat(await request.toArray()).toString()));
    const pending = codes.get(fields.code);
    codes.delete(fields.code);
    const isRight =
      fields.client_id === CLIENT &&
      (fields.grant_type === 'refresh_token'
        ? fields.refresh_token === 'again'
        : fields.grant_type === 'authorization_code' &&
          pending?.redirect_uri === fields.redirect_uri &&
          pending.code_challenge ===
            base64url(
              createHash('sha256')
                .update(fields.code_verifier ?? '')
                .digest(),
            ));
    if (!isRight) {
      seen.refusals.push(fields);
      return json(answer, 400, { error: 'invalid_grant' });
    }
    const bearer = bearers[Math.min(seen.grants.length, bearers.length - 1)];
    seen.grants.push(fields.grant_type);
    const claims = pending && { iss: issuer.origin, aud: CLIENT, nonce: issuer.nonce ?? pending.nonce };
    return json(answer, 200, {
      access_token: bearer,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: 'again',
      ...(claims && { id_token: `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(claims))}.` }),
    });
  }

  const tokens = await listen(token);
  const front = await listen(async (request, answer) => {
    const url = new URL(request.url, issuer.origin);
    if (url.pathname === '/authorize') return authorize(url, answer);
    if (url.pathname !== '/.well-known/openid-configuration') return answer.writeHead(404).end();
    return json(answer, 200, {
      issuer: issuer.origin,
      authorization_endpoint: `${issuer.origin}/authorize`,
      token_endpoint: `${tokens.origin}/token`,
    });
  });
  return Object.assign(issuer, {
    origin: front.origin,
    tokenOrigin: tokens.origin,
    stop() {
      front.stop();
      tokens.stop();
    },
  });
}
