// Every code of the HTTP contract has words, cause, action and place, in every language; every text that the page asks for
// exists, and says the same things in each language.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PAGE_CODES } from '../../console/src/problem.js';
import { files, LANGUAGES, read, texts } from './console-files.mjs';
import { AUDIT, CONTRACT } from './contract.mjs';

const PARTS = ['words', 'cause', 'action', 'place'];

const catalogue = (language) => ({
  error: texts(language).errors,
  ...texts(language).codes,
  ...texts(language).findings,
});

for (const language of LANGUAGES) {
  test(`every code of the contract has words, cause, action and place in ${language}`, () => {
    let checked = 0;
    for (const [kind, codes] of Object.entries(CONTRACT)) {
      for (const code of codes) {
        assert.ok(catalogue(language)[kind][code], `${kind} ${code}`);
        checked += 1;
      }
    }
    assert.ok(checked >= 74, `${checked}`);
  });

  test(`every entry of the catalogue is whole in ${language}`, () => {
    for (const [kind, entries] of Object.entries(catalogue(language))) {
      for (const [code, entry] of Object.entries(entries)) {
        assert.deepEqual(Object.keys(entry), PARTS, `${kind} ${code}`);
        for (const part of PARTS) assert.ok(entry[part].trim().length > 1, `${kind} ${code} ${part}`);
      }
    }
  });

  test(`nothing is in the catalogue that neither the contract nor the page gives, in ${language}`, () => {
    for (const [kind, entries] of Object.entries(catalogue(language))) {
      const known = [...CONTRACT[kind], ...(kind === 'error' ? PAGE_CODES : [])];
      for (const code of Object.keys(entries)) {
        const stem = code.replace(/\.(contacts|external-contacts|installation|settings|check|customer|app)$/, '');
        assert.ok(known.includes(stem), `${kind} ${code}`);
      }
    }
  });

  test(`every guide topic is whole in ${language}, and its drawing has the labels`, () => {
    const topics = Object.entries(texts(language).guide);
    assert.equal(topics.length, 12);
    for (const [name, topic] of topics) {
      assert.deepEqual(
        Object.keys(topic),
        ['title', 'rules', 'path', 'newPath', 'link', 'steps', 'diagram', 'questions'],
        name,
      );
      assert.ok(topic.steps.length >= 3 && topic.rules.length >= 2 && topic.questions.length >= 1, name);
      assert.ok(topic.link === null || topic.link.startsWith('https://work.weixin.qq.com/'), name);
      const drawing = read(`guide/${topic.diagram.file}`);
      const menus = topic.diagram.menu ? [`${language}-new`, `${language}-old`] : [];
      for (const layer of ['frame', language, ...menus])
        assert.ok(drawing.includes(`id="${layer}"`), `${name} ${layer}`);
    }
  });
}

test('no drawing has a pattern that a phone or a person could take for a QR code', () => {
  for (const file of files().filter((path) => path.endsWith('.svg'))) {
    const squares = [...read(file).matchAll(/<rect[^>]* width="([\d.]+)" height="\1"/g)];
    assert.ok(squares.length < 12, `${file}: ${squares.length} squares`);
  }
});

test('every line of the audit has words in every language, and nothing else has', () => {
  for (const language of LANGUAGES) {
    for (const [part, known] of Object.entries(AUDIT))
      assert.deepEqual(Object.keys(texts(language).audit[part]).sort(), [...known].sort(), `${language} ${part}`);
  }
});

test('both languages have the same texts with the same values to fill in', () => {
  const shape = (node) =>
    typeof node === 'string'
      ? [...node.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()
      : Array.isArray(node)
        ? node.length
        : node && typeof node === 'object'
          ? Object.fromEntries(Object.entries(node).map(([key, value]) => [key, shape(value)]))
          : node;
  const [first, ...others] = LANGUAGES.map((language) => shape({ ...texts(language), guide: null }));
  for (const other of others) assert.deepEqual(other, first);
  const topics = LANGUAGES.map((language) =>
    Object.entries(texts(language).guide).map(([name, topic]) => [
      name,
      topic.link,
      topic.diagram.file,
      topic.steps.length,
    ]),
  );
  assert.deepEqual(topics[1], topics[0]);
});

test('every text that the code asks for exists', () => {
  const all = texts('zh-CN');
  const at = (key) => key.split('.').reduce((node, part) => node?.[part], all);
  let asked = 0;
  for (const file of files().filter((path) => path.endsWith('.js'))) {
    for (const [, key] of read(file).matchAll(
      /(?<!find\(|table\()'((?:page|steps|events|audit|operator)\.[\w.-]+)'/g,
    )) {
      assert.equal(typeof at(key), 'string', `${file}: ${key}`);
      asked += 1;
    }
    for (const [, stem] of read(file).matchAll(/`((?:page|steps|events|guide|audit)\.[\w.-]*)\.\$\{/g)) {
      assert.equal(typeof at(stem), 'object', `${file}: ${stem}`);
      asked += 1;
    }
    for (const [, topic] of read(file).matchAll(/guideLink\(ctx, '([\w-]+)'\)/g))
      assert.ok(all.guide[topic], `${file}: ${topic}`);
  }
  assert.ok(asked > 150, `${asked}`);
});

test('no text is left over that nobody asks for', () => {
  const code = files()
    .filter((path) => path.endsWith('.js'))
    .map(read)
    .join('\n');
  const walk = (node, path) =>
    typeof node === 'string' ? [path] : Object.entries(node).flatMap(([key, value]) => walk(value, `${path}.${key}`));
  for (const file of ['page', 'steps', 'audit', 'operator']) {
    for (const key of walk(texts('zh-CN')[file], file)) {
      const stems = key
        .split('.')
        .map((_, index, parts) => parts.slice(0, index).join('.'))
        .filter(Boolean);
      const isAsked = code.includes(`'${key}'`) || stems.some((stem) => code.includes(`\`${stem}.\${`));
      assert.ok(isAsked, key);
    }
  }
});
