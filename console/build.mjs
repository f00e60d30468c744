// Makes dist/, which the console function embeds: the modules and styles in one file each, the texts of a language in one, the
// icons in the HTML. dist/ is committed, so that building the server needs no Node.js; `--check` fails where it is not what
// the sources give.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const DIST = path.join(ROOT, 'dist');
const LANGUAGES = ['zh-CN', 'en'];
/** What the bundle contains of others; each has its licence in `licences.txt`. */
const PACKAGES = ['preact', '@preact/signals', '@preact/signals-core', 'uqr'];

/** @param {string} file */
const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');

/** @param {string} entry */
async function bundle(entry) {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
    charset: 'utf8',
    legalComments: 'none',
    external: ['*.svg'],
    write: false,
  });
  const [output] = outputFiles;
  if (!output) throw new Error(`${entry}: esbuild made nothing`);
  return output.text;
}

/** @param {string} language */
function texts(language) {
  const folder = `texts/${language}`;
  const parts = readdirSync(path.join(ROOT, folder)).sort();
  return JSON.stringify(
    Object.fromEntries(parts.map((file) => [path.basename(file, '.json'), JSON.parse(read(`${folder}/${file}`))])),
  );
}

function licences() {
  return PACKAGES.map((name) => {
    const { version } = JSON.parse(read(`node_modules/${name}/package.json`));
    return `${name} ${version}, in page.js\n\n${read(`node_modules/${name}/LICENSE`).trim()}\n`;
  }).join('\n\n');
}

/** Every file of dist/, by its path there. */
async function files() {
  const icons = read('icons.svg').replace('<svg ', '<svg hidden ').trim();
  const drawings = readdirSync(path.join(ROOT, 'guide')).sort();
  return new Map([
    ['index.html', read('index.html').replace('<!-- icons.svg -->', icons)],
    ['operator.html', read('operator.html').replace('<!-- icons.svg -->', icons)],
    [
      'assets/operator.js',
      `/*! With Preact and Preact Signals, MIT: licences.txt */\n${await bundle('src/operator/main.js')}`,
    ],
    ['assets/page.js', `/*! With Preact, Preact Signals and uqr, MIT: licences.txt */\n${await bundle('src/main.js')}`],
    ['embed.js', await bundle('src/embed/embed.js')],
    ['assets/early.js', await bundle('src/early.js')],
    ['assets/page.css', await bundle('css/index.css')],
    ...LANGUAGES.map((language) => /** @type {const} */ ([`assets/texts/${language}.json`, texts(language)])),
    ...drawings.map((file) => /** @type {const} */ ([`assets/guide/${file}`, read(`guide/${file}`)])),
    ['assets/mark.svg', read('mark.svg')],
    ['assets/licences.txt', licences()],
  ]);
}

function present() {
  const entries = readdirSync(DIST, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => path.relative(DIST, path.join(entry.parentPath, entry.name)));
}

const made = await files();
if (process.argv.includes('--check')) {
  const stale = [...new Set([...made.keys(), ...present()])].filter((file) => {
    try {
      return readFileSync(path.join(DIST, file), 'utf8') !== made.get(file);
    } catch {
      return true;
    }
  });
  if (stale.length > 0) {
    console.error(`console/dist is not what the sources give: ${stale.join(', ')}. Run: npm run build`);
    process.exit(1);
  }
} else {
  rmSync(DIST, { recursive: true, force: true });
  for (const [file, contents] of made) {
    mkdirSync(path.dirname(path.join(DIST, file)), { recursive: true });
    writeFileSync(path.join(DIST, file), contents);
  }
}
