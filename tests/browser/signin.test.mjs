// Signing in as in production: OIDC authorization code with PKCE, under the page's own policy. The server is the local one,
// which hands a token over; so its `config.json` and the policy's `connect-src` are replaced by what the `console` function gives
// for these settings (held by its own tests, shared/src/http/console.rs).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { heading } from './harness/admin.mjs';
import { assertNoErrors, inspect, openBrowser } from './harness/browser.mjs';
import { CLIENT, startIssuer } from './harness/issuer.mjs';
import { install } from './harness/server.mjs';
import { onStage } from './harness/stage.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

const atIssuer = (page, choice) => page.getByRole('link', { name: choice }).click();

/** The page with an issuer; `allowed` are the origins that its policy opens. */
function withIssuer(
  work,
  { bearers = (token) => [token], allowed = (issuer) => [issuer.origin, issuer.tokenOrigin] } = {},
) {
  return onStage(browser, async (stage) => {
    const { server, context } = stage;
    const issuer = await startIssuer(bearers(server.local.admin_token));
    try {
      // A page whose answer was replaced counts as one from the public network, which may not call loopback unasked.
      await context.grantPermissions(['local-network-access']);
      await context.route('**/config.json', (route) =>
        route.fulfill({
          json: { mode: 'oidc', issuer: issuer.origin, client_id: CLIENT, bearer: 'access_token', scope: 'openid' },
        }),
      );
      await context.route(
        (url) => url.origin === new URL(server.url).origin && url.pathname === '/',
        async (route) => {
          const answer = await route.fetch();
          const policy = answer.headers()['content-security-policy'];
          assert.match(policy, /connect-src 'self';/);
          await route.fulfill({
            response: answer,
            headers: {
              ...answer.headers(),
              'content-security-policy': policy.replace(
                "connect-src 'self'",
                `connect-src 'self' ${allowed(issuer).join(' ')}`,
              ),
            },
          });
        },
      );
      await work({ ...stage, issuer });
    } finally {
      issuer.stop();
    }
  });
}

test('signs in at an issuer whose tokens come from another origin, and comes back to where it was', () =>
  withIssuer(async ({ server, record, issuer, newPage }) => {
    await install(server);
    const page = await newPage(`${server.url}?from=mail#/external-contacts`);
    await atIssuer(page, 'Sign in');
    await heading(page, '外部联系人授权').waitFor();
    assert.equal(page.url(), `${server.url}?from=mail#/external-contacts`);
    assert.deepEqual(
      [issuer.seen.authorizations, issuer.seen.grants, issuer.seen.refusals],
      [1, ['authorization_code'], []],
    );
    const token = server.local.admin_token;
    const kept = await page.evaluate(() =>
      [document.documentElement.outerHTML, document.cookie, JSON.stringify(localStorage)].join(),
    );
    assert.ok(!kept.includes(token));
    await page.reload();
    await heading(page, '外部联系人授权').waitFor();
    assert.equal(issuer.seen.authorizations, 1, 'a reload asks nobody to sign in again');
    await assertNoErrors(record);
  }));

test('renews a token that the API refuses, without the admin', () =>
  withIssuer(
    async ({ record, issuer, newPage }) => {
      const page = await newPage();
      await atIssuer(page, 'Sign in');
      await heading(page, '安装应用').waitFor();
      assert.deepEqual(issuer.seen.grants, ['authorization_code', 'refresh_token']);
      assert.equal(issuer.seen.authorizations, 1);
      await assertNoErrors(record, 401);
    },
    { bearers: (token) => ['refused', token] },
  ));

test('says so when the admin has not signed in, and goes there again only when asked', () =>
  withIssuer(async ({ record, issuer, newPage }) => {
    const page = await newPage();
    await atIssuer(page, 'Cancel');
    await page.getByText('登录没有成功').waitFor();
    assert.equal(issuer.seen.authorizations, 1);
    await inspect(page, 'sign-in-failed', { full: false });
    await page.getByRole('button', { name: '登录', exact: true }).click();
    await atIssuer(page, 'Sign in');
    await heading(page, '安装应用').waitFor();
    await assertNoErrors(record);
  }));

test('says so when the policy does not open the token endpoint, and does not try for ever', () =>
  withIssuer(
    async ({ record, issuer, newPage }) => {
      const page = await newPage();
      await atIssuer(page, 'Sign in');
      await page.getByText('登录没有成功').waitFor();
      assert.deepEqual([issuer.seen.authorizations, issuer.seen.grants], [1, []]);
      assert.ok(
        record.errors.length > 0 && record.errors.every((text) => text.includes(issuer.tokenOrigin)),
        record.errors.join('\n'),
      );
    },
    { allowed: (issuer) => [issuer.origin] },
  ));

test('uses nothing of an answer with another nonce, nor renews by it', () =>
  withIssuer(async ({ record, issuer, newPage }) => {
    issuer.nonce = 'of-another-sign-in';
    const page = await newPage();
    await atIssuer(page, 'Sign in');
    await page.getByText('登录没有成功').waitFor();
    assert.deepEqual(issuer.seen.grants, ['authorization_code']);
    await assertNoErrors(record);
  }));

test('does not take an answer to a sign-in that this tab has not started', () =>
  withIssuer(async ({ server, record, issuer, newPage }) => {
    const page = await newPage(`${server.url}?code=somebody-elses&state=somebody-elses`);
    await atIssuer(page, 'Sign in');
    await heading(page, '安装应用').waitFor();
    assert.deepEqual([issuer.seen.refusals, issuer.seen.grants], [[], ['authorization_code']]);
    await assertNoErrors(record);
  }));
