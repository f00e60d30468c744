// The real server on a directory of its own, its API as a tenant's admin calls it, and WeCom's side of it.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = process.env.LOCAL_SERVER ?? fileURLToPath(new URL('../../../target/debug/local', import.meta.url));
/** How long a test waits for what must come: a busy machine is slow, and a right answer ends the wait. */
export const PATIENCE_MS = 20_000;
const LOOK_MS = 25;

/** The two corporations that the simulator has from the start. */
export const YUNFAN = { corpId: 'ww0a1b2c3d4e5f6071', name: '云帆科技有限公司' };
export const QINGSHAN = { corpId: 'ww9f8e7d6c5b4a3021', name: '青山茶业有限公司' };

/** `args` are further options of the server. */
export async function startServer(args = []) {
  if (!existsSync(BINARY))
    throw new Error(`${BINARY} is not there: cargo build --package local, or name it in LOCAL_SERVER`);
  const data = mkdtempSync(path.join(tmpdir(), 'wecom-browser-'));
  const log = [];
  const child = spawn(BINARY, ['--listen', '127.0.0.1:0', '--data', data, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RUST_LOG: 'info' },
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => log.push(text));
  // A test run that ends in the middle leaves nothing behind.
  const abandon = () => child.kill('SIGKILL');
  process.once('exit', abandon);
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  const file = path.join(data, 'local.json');
  await until('the server to start', () => {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the server ended (${child.exitCode ?? child.signalCode}): ${log.join('')}`);
    return existsSync(file);
  });
  const local = JSON.parse(readFileSync(file, 'utf8'));
  return {
    local,
    url: local.console_url,
    api: apiOf(local.base_url, local.admin_token),
    secondApi: apiOf(local.base_url, local.second_tenant.admin_token),
    wecom: wecomOf(local.simulator_url),
    /** Everything that the server has written so far; its greeting, which hands out the token, aside. */
    log: () => log.join(''),
    async stop() {
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(impatience);
      process.off('exit', abandon);
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Looks until `found` answers something true; the one way in which these tests wait for what no browser shows. */
export async function until(what, found) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await found();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

function apiOf(base, token) {
  async function call(method, route, body) {
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(`${base}${route}`, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }
  return {
    call,
    state: () => call('GET', '/authorization'),
    installLink: async () => (await call('POST', '/authorization/installation')).install_url,
    putSecret: (scope, entry) => call('PUT', `/authorization/${scope}/secret`, entry),
    credentials: (scope, rotate = false) => call('POST', `/authorization/${scope}/credentials`, { rotate }),
    complete: () => call('POST', '/authorization/completion'),
    disconnect: () => call('DELETE', '/authorization'),
    events: (query = '') => call('GET', `/authorization/events${query}`),
    audit: (query = '') => call('GET', `/authorization/audit${query}`),
  };
}

function wecomOf(base) {
  async function call(method, route, body) {
    const answer = await fetch(`${base}/_simulator${route}`, {
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }
  return {
    url: `${base}/`,
    call,
    secret: async (corp, kind) => (await call('GET', `/corps/${corp.corpId}/secrets/${kind}`)).secret,
    resetSecret: (corp, kind) => call('POST', `/corps/${corp.corpId}/secrets/${kind}/reset`),
    save: (corp, scope, { url, token, encoding_aes_key }) =>
      call('PUT', `/corps/${corp.corpId}/callbacks/${scope}`, { url, token, encoding_aes_key }),
    send: (corp, scope, event, more = {}) => call('POST', `/corps/${corp.corpId}/events`, { scope, event, ...more }),
    suiteEvent: (corp, event) => call('POST', '/suite/events', { event, corp_id: corp.corpId }),
    switches: (corp, switches) => call('PATCH', `/corps/${corp.corpId}/switches`, switches),
    faults: (faults) => call('POST', '/faults', faults),
    settings: (settings) => call('PATCH', '/settings', settings),
  };
}

/** Installs the app as a browser would, with the cookie that ties the two ends together. */
export async function install(server, { corp = YUNFAN, authMode = 'admin', api = server.api } = {}) {
  const set = await fetch(await api.installLink(), { method: 'POST', redirect: 'manual' });
  const cookie = set.headers.get('set-cookie').split(';')[0];
  const { redirect_url: back } = await server.wecom.call('POST', '/install', {
    url: set.headers.get('location'),
    corp_id: corp.corpId,
    auth_mode: authMode,
  });
  const answer = await fetch(back, { redirect: 'manual', headers: { cookie } });
  if (
    !answer.headers.get('location')?.includes(authMode === 'admin' ? 'installation=installed' : 'member_authorization')
  )
    throw new Error(`installing: ${answer.headers.get('location')}`);
}

/** Registers the right Secret of a scope. */
export async function register(server, scope, corp = YUNFAN) {
  return server.api.putSecret(scope, { secret: await server.wecom.secret(corp, scope), corp_id: corp.corpId });
}

/** Registers a scope's Secret and has WeCom verify its URL. */
export async function connect(server, scope, corp = YUNFAN) {
  const { credentials } = await register(server, scope, corp);
  const outcome = await server.wecom.save(corp, scope, credentials);
  if (!outcome.saved) throw new Error(`saving: ${outcome.error}`);
  return credentials;
}

/** The whole way, up to 完成配置. */
export async function complete(server, corp = YUNFAN) {
  await install(server, { corp });
  await connect(server, 'contacts', corp);
  await connect(server, 'external-contacts', corp);
  await server.api.complete();
}
