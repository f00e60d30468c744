// What the page promises as files: a strict Content-Security-Policy holds, nothing comes from elsewhere, it stays small.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { built, bytesBuilt, files, read } from './console-files.mjs';

const WEIGHT_LIMIT_BYTES = 100_000;
const code = files().filter((path) => /\.(js|html|css|svg)$/.test(path));

test('names every file that a first view needs in the HTML, and nothing that is not there', () => {
  const html = bytesBuilt('index.html').toString();
  const named = [...html.matchAll(/(?:src|href)="(assets[^"]+)"/g)].map(([, file]) => file);
  assert.deepEqual(named.sort(), ['assets/early.js', 'assets/mark.svg', 'assets/page.css', 'assets/page.js']);
  for (const file of named) assert.ok(built().includes(file), file);
});

test('has words before anything is loaded', () => {
  const [, body] = bytesBuilt('index.html').toString().split('<div id="page">');
  assert.match(body, /企业微信授权[\s\S]*正在读取授权状态…[\s\S]*<\/div>/);
});

test('holds no inline script, style or handler, and no data: address', () => {
  for (const path of code) {
    const text = read(path);
    assert.doesNotMatch(text, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+="|data:[a-z]+\//i, path);
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/, path);
  }
});

test('names no other host than WeCom’s console', () => {
  for (const path of files()) {
    for (const [, host] of read(path).matchAll(/https?:\/\/([\w.-]*\w)/g)) {
      assert.match(host, /^(work\.weixin\.qq\.com|www\.w3\.org|wecom-callback\.example\.com)$/, path);
    }
  }
});

test('keeps tokens and Secrets out of localStorage and cookies', () => {
  for (const path of files().filter((name) => name.endsWith('.js'))) {
    assert.doesNotMatch(read(path), /document\.cookie/, path);
    for (const [line] of read(path).matchAll(/^(?!\s*\/\/).*localStorage.*/gm))
      assert.doesNotMatch(line, /token|secret/i, `${path}: ${line}`);
  }
});

const weight = (paths) => paths.reduce((sum, path) => sum + gzipSync(bytesBuilt(path)).length, 0);

test('weighs less than 100 KB compressed, with one language and every drawing', () => {
  const sent = built().filter((path) => path !== 'assets/texts/en.json' && !/operator\.(html|js)$/.test(path));
  assert.ok(weight(sent) < WEIGHT_LIMIT_BYTES, `${weight(sent)} bytes`);
});

test('weighs less than 60 KB compressed for operators, with one language', () => {
  const sent = ['operator.html', 'assets/operator.js', 'assets/page.css', 'assets/texts/zh-CN.json'];
  assert.ok(weight(sent) < 60_000, `${weight(sent)} bytes`);
});

test('keeps every file short enough to read', () => {
  for (const path of files().filter((name) => name.startsWith('src/')))
    assert.ok(read(path).split('\n').length <= 301, path);
});
