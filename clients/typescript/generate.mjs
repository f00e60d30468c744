// Writes src/openapi.ts: the types of the HTTP contract.

import { writeFileSync } from "node:fs";
import openapi, { UNKNOWN, astToString } from "openapi-typescript";

const ast = await openapi(new URL("../../openapi.yaml", import.meta.url), {
  // A type that names itself, which TypeScript does not take in a generated interface: any JSON value.
  transform: (_, { path }) => (path?.endsWith("/PayloadValue") ? UNKNOWN : undefined),
});
writeFileSync(new URL("src/openapi.ts", import.meta.url), astToString(ast));
