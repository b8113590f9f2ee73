// What is written from the program's own commands and options: scripts/documents, bundled for Node.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const bundle = `${root}/node_modules/.cache/documents.cjs`;
await build({
  absWorkingDir: root,
  entryPoints: ['scripts/documents/index.ts'],
  outfile: bundle,
  bundle: true,
  packages: 'external',
  platform: 'node',
  define: { __VERSION__: JSON.stringify(version) },
});
const documents = (await import(bundle)).default;
const template = (name) => readFileSync(`${root}/scripts/documents/${name}`, 'utf8');

export const { optionsTable } = documents;
export const manual = () => documents.manual(template('manual.roff'));
export const completion = (shell) => documents.completion(template(`completion.${shell}`), shell);
