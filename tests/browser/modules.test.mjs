// The page's modules that need no browser: the schedule, the progress, problems, what comes back from WeCom, the domain.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { takeArrival } from '../../console/src/arrival.js';
import { preferredLanguage } from '../../console/src/language.js';
import { Problem } from '../../console/src/problem.js';
import { happenings, isWaiting, missing, openRefusal, stepOf, stepStates } from '../../console/src/progress.js';
import { createRouter } from '../../console/src/router.js';
import { FAST_FOR_MS, FAST_MS, IDLE_MS, nextDelay, SLOW_FOR_MS, SLOW_MS } from '../../console/src/schedule.js';
import { asBaseUrl } from '../../console/src/views/domain-form.js';

const callback = (more = {}) => ({
  status: 'none',
  rotation_pending: false,
  verified_at: null,
  refusals: [],
  ...more,
});
const scope = (secret = 'missing', more = {}) => ({ secret: { status: secret }, callback: callback(more) });
const state = (more = {}) => ({
  next_step: 'install',
  completed_at: null,
  installation: { status: 'not_installed' },
  contacts: scope(),
  external_contacts: scope(),
  ...more,
});
const INSTALLED = { status: 'installed', auth_mode: 'admin', corp_name: '星海科技' };
const VERIFIED = { status: 'verified', verified_at: '2026-11-22T02:00:00Z' };

test('asks every two seconds for two minutes, every five for ten more, then every minute', () => {
  assert.equal(nextDelay({ waitingFor: 0, failures: 0 }), FAST_MS);
  assert.equal(nextDelay({ waitingFor: FAST_FOR_MS - 1, failures: 0 }), FAST_MS);
  assert.equal(nextDelay({ waitingFor: FAST_FOR_MS, failures: 0 }), SLOW_MS);
  assert.equal(nextDelay({ waitingFor: FAST_FOR_MS + SLOW_FOR_MS, failures: 0 }), IDLE_MS);
  assert.deepEqual([FAST_MS, FAST_FOR_MS, SLOW_MS, SLOW_FOR_MS, IDLE_MS], [2_000, 120_000, 5_000, 600_000, 60_000]);
});

test('asks every minute while nothing is awaited, so that nothing stays green that WeCom has ended', () => {
  assert.equal(nextDelay({ waitingFor: null, failures: 0 }), IDLE_MS);
});

test('doubles the pause with each failure, up to a minute', () => {
  assert.deepEqual(
    [1, 2, 3, 9].map((failures) => nextDelay({ waitingFor: 0, failures })),
    [4_000, 8_000, 16_000, IDLE_MS],
  );
  assert.equal(nextDelay({ waitingFor: null, failures: 1 }), 4_000);
});

test('names what is missing, in the words of next_step', () => {
  assert.deepEqual(missing(state()), [
    'install',
    'contacts_secret',
    'contacts_callback',
    'external_contacts_secret',
    'external_contacts_callback',
  ]);
  const done = state({
    installation: INSTALLED,
    contacts: scope('accepted', VERIFIED),
    external_contacts: scope('accepted', VERIFIED),
  });
  assert.deepEqual(missing(done), []);
  assert.deepEqual(missing({ ...done, installation: { ...INSTALLED, auth_mode: 'member' } }), ['install']);
});

test('leads every next_step to a step', () => {
  const steps = [
    'install',
    'contacts_secret',
    'contacts_callback',
    'external_contacts_secret',
    'external_contacts_callback',
    'complete',
    'done',
  ].map(stepOf);
  assert.deepEqual(steps, [
    'install',
    'contacts',
    'contacts',
    'external-contacts',
    'external-contacts',
    'finish',
    'finish',
  ]);
});

test('calls a step done only when its Secret is accepted and its URL verified', () => {
  const half = state({
    next_step: 'contacts_callback',
    installation: INSTALLED,
    contacts: scope('accepted', { status: 'awaiting_verification' }),
  });
  assert.equal(stepStates(half).contacts, 'doing');
  assert.equal(stepStates({ ...half, next_step: 'external_contacts_secret' }).contacts, 'partial');
  assert.equal(stepStates({ ...half, contacts: scope('accepted', VERIFIED) }).contacts, 'done');
  assert.equal(stepStates({ ...half, contacts: scope('rejected', VERIFIED) }).contacts, 'error');
});

test('tells a member’s installation and a cancelled one from a finished one', () => {
  assert.equal(stepStates(state({ installation: INSTALLED })).install, 'done');
  assert.equal(stepStates(state({ installation: { ...INSTALLED, auth_mode: 'member' } })).install, 'attention');
  assert.equal(stepStates(state({ installation: { status: 'cancelled' } })).install, 'error');
});

test('forgets a refusal once a later check has passed', () => {
  const refusal = { at: '2026-11-22T01:00:00Z', reason: 'signature_mismatch' };
  assert.equal(openRefusal(callback({ refusals: [refusal] })), refusal);
  assert.equal(openRefusal(callback({ ...VERIFIED, refusals: [refusal] })), null);
  const later = { ...refusal, at: '2026-11-22T03:00:00Z' };
  assert.equal(openRefusal(callback({ ...VERIFIED, refusals: [later, refusal] })), later);
});

test('shows what WeCom did rather than that somebody opened the URL in a browser', () => {
  const opened = { at: '2026-11-22T03:30:00Z', reason: 'opened_in_browser' };
  const refusal = { at: '2026-11-22T03:00:00Z', reason: 'signature_mismatch' };
  const refusals = [opened, refusal];
  assert.equal(openRefusal(callback({ refusals })), refusal);
  assert.equal(openRefusal(callback({ refusals: [opened] })), opened);
  assert.equal(openRefusal(callback({ ...VERIFIED, verified_at: '2026-11-22T03:10:00Z', refusals })), opened);
});

test('waits for WeCom while a URL is to be verified and while a rotation is under way', () => {
  assert.equal(isWaiting(state()), false);
  assert.equal(isWaiting(state({ contacts: scope('missing', { status: 'awaiting_verification' }) })), true);
  assert.equal(
    isWaiting(state({ external_contacts: scope('accepted', { ...VERIFIED, rotation_pending: true }) })),
    true,
  );
});

test('announces what has happened between two states, once', () => {
  const before = state({ contacts: scope('accepted', { status: 'awaiting_verification' }) });
  const refused = { at: '2026-11-22T02:00:00Z', reason: 'decryption_failed' };
  const during = {
    ...before,
    installation: INSTALLED,
    contacts: scope('accepted', { status: 'awaiting_verification', refusals: [refused] }),
  };
  assert.deepEqual(
    happenings(before, during).map(({ key }) => key),
    ['installed', 'refused'],
  );
  assert.deepEqual(happenings(during, during), []);
  const after = {
    ...during,
    contacts: scope('accepted', { status: 'verified', verified_at: '2026-11-22T02:01:00Z', refusals: [refused] }),
  };
  assert.deepEqual(
    happenings(during, after).map(({ key }) => key),
    ['verified'],
  );
  assert.deepEqual(happenings(null, after), []);
  assert.deepEqual(
    happenings(after, state()).map(({ key }) => key),
    ['disconnected'],
  );
  assert.deepEqual(
    happenings(after, state({ installation: { status: 'cancelled' } })).map(({ key }) => key),
    ['cancelled'],
  );
});

test('reads problem+json, and knows what an answer without a code means', async () => {
  const answer = (status, body, headers = {}) => Problem.fromResponse(new Response(body, { status, headers }));
  const problem = await answer(
    422,
    JSON.stringify({
      code: 'wrong_secret_kind',
      looks_like: 'external_contacts',
      request_id: 'r1',
      wecom: { errcode: 48002 },
    }),
  );
  assert.deepEqual(
    [problem.code, problem.looksLike, problem.requestId, problem.errcode],
    ['wrong_secret_kind', 'external_contacts', 'r1', 48002],
  );
  assert.equal((await answer(401, '{"message":"Unauthorized"}')).code, 'unauthenticated');
  assert.equal((await answer(503, 'Service Unavailable')).code, 'temporarily_unavailable');
  assert.equal((await answer(500, '')).code, 'unexpected');
  const limited = await answer(429, '{"code":"too_many_attempts"}', { 'retry-after': '60' });
  assert.ok(limited.retryAt > Date.now() + 50_000);
});

test('takes what WeCom’s page brought back out of the address', () => {
  const addresses = [];
  const history = { replaceState: (_state, _title, url) => addresses.push(url) };
  const place = { pathname: '/', search: '?installation=failed&code=not_found&keep=1', hash: '' };
  assert.deepEqual(takeArrival({ place, history }), { outcome: 'failed', code: 'not_found' });
  assert.deepEqual(addresses, ['/?keep=1']);
  assert.equal(takeArrival({ place: { ...place, search: '?code=abc&state=xyz' }, history }), null);
  assert.equal(takeArrival({ place: { ...place, search: '?installation=hacked' }, history }), null);
});

test('speaks the chosen language, else the browser’s, else Chinese', () => {
  const store = (value) => ({ getItem: () => value });
  assert.equal(preferredLanguage(store('en'), ['zh-CN']), 'en');
  assert.equal(preferredLanguage(store(null), ['en-GB', 'zh']), 'en');
  assert.equal(preferredLanguage(store(null), ['zh-TW']), 'zh-CN');
  assert.equal(preferredLanguage(store('klingon'), ['fr']), 'zh-CN');
});

test('suggests a view only while the address names none', () => {
  const place = { hash: '' };
  const replaced = [];
  const history = { state: null, replaceState: (_state, _title, hash) => replaced.push(hash) };
  const before = Object.getOwnPropertyDescriptor(globalThis, 'history');
  Object.defineProperty(globalThis, 'history', { configurable: true, value: history });
  try {
    const router = createRouter({ place, target: new EventTarget() });
    router.suggest('overview');
    assert.deepEqual([router.current, replaced], ['overview', ['#/overview']]);
    // Chosen before the browser has announced it, while the first view is still being drawn.
    place.hash = '#/events';
    router.suggest('overview');
    assert.deepEqual(replaced, ['#/overview']);
  } finally {
    if (before) Object.defineProperty(globalThis, 'history', before);
    else delete globalThis.history;
  }
});

test('accepts a domain with or without a scheme, and nothing with a path', () => {
  assert.equal(asBaseUrl(' wecom.example.com '), 'https://wecom.example.com');
  assert.equal(asBaseUrl('https://wecom.example.com/'), 'https://wecom.example.com');
  for (const wrong of [
    '',
    'wecom',
    'https://wecom.example.com/callback',
    'https://u:p@example.com',
    'http://wecom.example.com',
    'https://wecom.example.com:8443',
    'javascript:alert(1)',
    'a b.com',
  ])
    assert.equal(asBaseUrl(wrong), null, wrong);
});
