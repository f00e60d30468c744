// The words for every code: `words`, `cause`, `action`, `place`. What differs by step has an entry of its own,
// `code.contacts`, `code.external-contacts` or `code.installation`.

import { t, table } from './i18n.js';

/** @import { Finding, Words } from './types.js' */
/** @import { Problem } from './problem.js' */

/** @typedef {Record<string, Words | undefined>} Catalogue */

/** @param {string} kind @returns {Catalogue} */
function entries(kind) {
  if (kind === 'error') return table('errors');
  /** @type {Catalogue} */
  const codes = table(`codes.${kind}`);
  return Object.keys(codes).length > 0 ? codes : table(`findings.${kind}`);
}

/**
 * The words for a code of that kind; an unknown one gets the general words, never nothing.
 * @param {string} kind
 * @param {string} code
 * @param {string | null} [context]
 * @returns {Words}
 */
export function words(kind, code, context = null) {
  const all = entries(kind);
  return all[`${code}.${context}`] ?? all[code] ?? entries('error').unexpected ?? { words: code };
}

/** @type {(kind: string, code: string) => boolean} */
function hasWords(kind, code) {
  return entries(kind)[code] !== undefined;
}

/**
 * The words for a failed call: for the wrong kind of Secret, those of the kind that it is.
 * @param {Problem} problem
 * @param {string | null} [context]
 */
export function problemWords(problem, context = null) {
  const general = words('error', problem.code, context);
  if (problem.code !== 'wrong_secret_kind' || !problem.looksLike) return general;
  const kind = problem.looksLike.replaceAll('-', '_');
  return hasWords('looks_like', kind) ? words('looks_like', kind, context) : general;
}

/** @param {Finding} finding */
export function scopeOf(finding) {
  return 'scope' in finding && finding.scope ? finding.scope : null;
}

/**
 * A finding's words; one that is named like an error has the error's.
 * @param {Finding} finding
 */
export function findingWords(finding) {
  const scope = scopeOf(finding)?.replaceAll('_', '-') ?? null;
  return words(hasWords('finding', finding.code) ? 'finding' : 'error', finding.code, scope);
}

/** The name of the Secret that a scope asks for. @param {string} scope as routes or as states spell it */
export function secretName(scope) {
  return t(`steps.part.${scope.replaceAll('-', '_')}_secret`);
}

/** @param {string} scope as routes or as states spell it */
export function scopeName(scope) {
  return t(`page.scope.${scope.replaceAll('_', '-')}`);
}
