// Where the page's files are, and how the tests read them.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../console/', import.meta.url));

export const LANGUAGES = ['zh-CN', 'en'];
export const TEXT_FILES = ['page', 'steps', 'errors', 'codes', 'findings', 'guide', 'events', 'audit'];

/** Every file of the page, as paths relative to `console/`. */
export function files() {
  return readdirSync(ROOT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length).replace(/^\//, ''))
    .sort();
}

export function read(path) {
  return readFileSync(ROOT + path, 'utf8');
}

export function bytes(path) {
  return readFileSync(ROOT + path);
}

export function texts(language) {
  return Object.fromEntries(TEXT_FILES.map((file) => [file, JSON.parse(read(`assets/texts/${language}/${file}.json`))]));
}
