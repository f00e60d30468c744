// Chromium, a browser context that writes down what it sees, and what every state of the page is held to.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { built, bytesBuilt } from '../console-files.mjs';
import { PATIENCE_MS } from './server.mjs';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const SHOTS = fileURLToPath(new URL('../screenshots/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [1280, 360];
const SCHEMES = ['light', 'dark'];

/** `args` are further switches of Chromium. */
export async function openBrowser({ args = [] } = {}) {
  return chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  });
}

/** A person's browser: cookies and storage of its own. Records console errors, refused resources and all that was sent. */
export async function openContext(browser, server, { locale = 'zh-CN', width = WIDTHS[0], ...options } = {}) {
  const context = await browser.newContext({
    locale,
    timezoneId: 'Asia/Shanghai',
    viewport: { width, height: 900 },
    reducedMotion: 'reduce',
    colorScheme: 'light',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const record = { errors: [], traffic: [] };
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      record.errors.push(`${message.text()} ${message.location().url ?? ''}`);
  });
  context.on('weberror', (error) => record.errors.push(String(error.error())));
  context.on('requestfinished', (request) => record.traffic.push(exchangeOf(request, server)));
  if (process.env.CONSOLE_FROM_DISK) await serveFromDisk(context, server);
  return { context, record, newPage: (url = server.url) => openPage(context, url) };
}

/** A call as it went over the wire; of our own files only that they were asked for. */
async function exchangeOf(request, server) {
  const url = request.url();
  const isCall = url.startsWith(server.url) && !url.includes('/assets/');
  const answer = isCall
    ? await request
        .response()
        .then((response) => response.text())
        .catch(() => '')
    : '';
  return { url, method: request.method(), body: request.postData() ?? '', answer };
}

async function openPage(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** While working on the page: its files as they lie on the disk, under the server's own policy, without rebuilding it. */
async function serveFromDisk(context, server) {
  const known = new Set(built());
  const policy = (await fetch(server.url)).headers.get('content-security-policy');
  await context.route(`${server.url}**`, async (route) => {
    const asked = new URL(route.request().url()).pathname.slice(1) || 'index.html';
    const file = asked === 'operator' ? 'operator.html' : asked;
    if (!known.has(file)) return route.continue();
    const type = {
      html: 'text/html',
      css: 'text/css',
      js: 'text/javascript',
      json: 'application/json',
      svg: 'image/svg+xml',
    }[file.split('.').pop()];
    return route.fulfill({
      body: bytesBuilt(file),
      headers: {
        'content-type': `${type}; charset=utf-8`,
        'content-security-policy': policy,
        'cache-control': 'no-cache',
      },
    });
  });
}

/** Errors that the browser itself reports for a refused call, which a test brings about on purpose. */
export function unexpectedErrors(record, ...expectedStatuses) {
  return record.errors.filter(
    (text) =>
      !expectedStatuses.some((status) =>
        text.startsWith(`Failed to load resource: the server responded with a status of ${status}`),
      ),
  );
}

export async function assertNoErrors(record, ...expectedStatuses) {
  assert.deepEqual(unexpectedErrors(record, ...expectedStatuses), []);
}

/** axe-core's rules for WCAG 2.2 AA and good practice; run by the browser's debugger, so no policy is weakened for it. */
export async function assertAccessible(page, state, rules = null) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const violations = await page.evaluate(async (runOnly) => {
    const { violations: found } = await globalThis.axe.run(document, {
      resultTypes: ['violations'],
      ...(runOnly && { runOnly }),
    });
    return found.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ''}`).join(' | ')}`,
    );
  }, rules);
  assert.deepEqual(violations, [], state);
}

/** Nothing is wider than the screen, and no text is cut off. */
export async function assertFits(page, state) {
  const faults = await page.evaluate(() => {
    const found = [];
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) found.push(`the page is ${wide} px too wide`);
    for (const element of document.querySelectorAll('body *')) {
      const { overflowX, textOverflow } = getComputedStyle(element);
      if (!element.checkVisibility() || element.closest('.sr-only, svg, pre')) continue;
      const cut = element.scrollWidth - element.clientWidth;
      if (overflowX === 'hidden' && textOverflow !== 'ellipsis' && cut > 1 && element.textContent.trim())
        found.push(`${element.className} hides ${cut} px`);
      const box = element.getBoundingClientRect();
      if (box.width > 0 && (box.right > document.documentElement.clientWidth + 1 || box.left < -1))
        found.push(`${element.tagName}.${element.className} reaches from ${box.left} to ${box.right}`);
    }
    return found.slice(0, 5);
  });
  assert.deepEqual(faults, [], state);
}

/** A state of the page: held to axe-core and to both widths in both colour schemes, and kept as pictures. */
export async function inspect(page, state, { full = true } = {}) {
  mkdirSync(SHOTS, { recursive: true });
  await page.evaluate(() => globalThis.scrollTo(0, 0));
  await assertAccessible(page, state);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: width === WIDTHS[0] ? 900 : 740 });
    await assertFits(page, `${state} ${width}`);
    for (const colorScheme of full ? SCHEMES : SCHEMES.slice(0, 1)) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${SHOTS}${state}-${width}-${colorScheme}.png`, fullPage: true });
    }
    // What differs in the dark is the colours, and they are the same at every width.
    if (full && width === WIDTHS[0]) await assertAccessible(page, `${state} in the dark`, ['color-contrast']);
    await page.emulateMedia({ colorScheme: 'light' });
  }
  await page.setViewportSize({ width: WIDTHS[0], height: 900 });
}
