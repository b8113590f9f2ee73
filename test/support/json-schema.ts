import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const SCHEMA = join(import.meta.dirname, '../../src/report/json.schema.json');

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
formats(ajv);
const validate = ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')));

/** Throws when a document is not what the published schema says. */
export function checkSchema(document: unknown): void {
  if (validate(document)) return;
  throw new Error(`against the schema: ${ajv.errorsText(validate.errors, { separator: '\n' })}`);
}
