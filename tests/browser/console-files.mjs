// Where the page's files are, and how the tests read them.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../console/', import.meta.url));
const DIST = path.join(ROOT, 'dist');

export const LANGUAGES = ['zh-CN', 'en'];
export const TEXT_FILES = ['page', 'steps', 'errors', 'codes', 'findings', 'guide', 'events', 'audit', 'operator'];

function list(root) {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)));
}

/** Every source of the page, as paths relative to `console/`. */
export function files() {
  return [
    ...['src', 'css', 'texts', 'guide'].flatMap((folder) => list(ROOT + folder)),
    'index.html',
    'operator.html',
    'icons.svg',
    'mark.svg',
  ].sort();
}

/** Every file that the server embeds, as paths relative to `console/dist/`. */
export function built() {
  return list(DIST)
    .map((file) => file.slice('dist/'.length))
    .sort();
}

export function read(file) {
  return readFileSync(ROOT + file, 'utf8');
}

export function bytesBuilt(file) {
  return readFileSync(path.join(DIST, file));
}

export function texts(language) {
  return Object.fromEntries(TEXT_FILES.map((file) => [file, JSON.parse(read(`texts/${language}/${file}.json`))]));
}
