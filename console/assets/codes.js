// The words for every code: `words`, `cause`, `action`, `place`. What differs by step has an entry of its own,
// `code.contacts`, `code.external-contacts` or `code.installation`.

import { find, t } from './i18n.js';

/** The words for a code of that kind; an unknown one gets the general words, never nothing. */
export function words(kind, code, context = null) {
  const all = entries(kind);
  return all[`${code}.${context}`] ?? all[code] ?? entries('error').unexpected;
}

function entries(kind) {
  return (kind === 'error' ? find('errors') : find(`codes.${kind}`) ?? find(`findings.${kind}`)) ?? {};
}

function hasWords(kind, code) {
  return entries(kind)[code] !== undefined;
}

/** The words for a failed call: for the wrong kind of Secret, those of the kind that it is. */
export function problemWords(problem, context = null) {
  const general = words('error', problem.code, context);
  if (problem.code !== 'wrong_secret_kind' || !problem.looksLike) return general;
  const kind = problem.looksLike.replaceAll('-', '_');
  return hasWords('looks_like', kind) ? words('looks_like', kind, context) : general;
}

/** A finding's words; one that is named like an error has the error's. */
export function findingWords(finding) {
  const scope = finding.scope?.replaceAll('_', '-') ?? null;
  return words(hasWords('finding', finding.code) ? 'finding' : 'error', finding.code, scope);
}

export function scopeName(scope) {
  return t(`page.scope.${scope.replaceAll('_', '-')}`);
}
