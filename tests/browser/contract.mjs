// Every code of the HTTP contract that the page has to have words for, as openapi.yaml names them.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const { schemas } = parse(readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')).components;

/** What a schema names as its values, itself or by reference. */
function allowed(schema) {
  if (schema?.$ref !== undefined) return allowed(schemas[schema.$ref.split('/').at(-1)]);
  const own = schema?.enum ?? (schema?.const === undefined ? [] : [schema.const]);
  return [...own, ...[...(schema?.anyOf ?? []), ...(schema?.oneOf ?? [])].flatMap(allowed)];
}

/** What a property may be, wherever in the schema it stands. */
function values(schema, property) {
  if (schema === null || typeof schema !== 'object') return [];
  return [
    ...allowed(schema.properties?.[property]),
    ...Object.values(schema).flatMap((part) => values(part, property)),
  ];
}

const named = (name, property) => [...new Set(values(schemas[name], property))];
const statuses = (part, name) => named(name, 'status').map((status) => `${part}.${status}`);

/** By the place where the page shows them. */
export const CONTRACT = {
  error: Object.keys(schemas)
    .filter((name) => name.endsWith('Problem'))
    .flatMap((name) => named(name, 'code')),
  rejection: named('Rejection', 'reason'),
  looks_like: [...new Set(Object.keys(schemas).flatMap((name) => values(schemas[name], 'looks_like')))],
  kind_check: named('SecretState', 'kind_check'),
  status: [
    ...statuses('installation', 'Installation'),
    ...statuses('secret', 'SecretState'),
    ...statuses('callback', 'CallbackState'),
  ],
  auth_mode: named('Installation', 'auth_mode'),
  health: named('State', 'health'),
  finding: named('Finding', 'code'),
  test: named('TestFinding', 'code'),
  next_step: named('State', 'next_step'),
};

export const AUDIT = {
  action: named('AuditEntry', 'action'),
  by: named('Actor', 'kind'),
  outcome: named('AuditEntry', 'outcome'),
};
