import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The JSON schema that the documents of --json follow: the file beside the program. */
export function schema(): string {
  return readFileSync(join(__dirname, 'json.schema.json'), 'utf8');
}
