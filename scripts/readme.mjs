// Writes the table of options into the README, from the program's own.
import { readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: ['scripts/options-table.ts'],
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
});
const module = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`;
const { optionsTable } = await import(module);
const readme = readFileSync('README.md', 'utf8');
const table =
  /(?<=<!-- table of options: npm run readme -->\n)[\s\S]*(?=<!-- \/table of options -->)/;
if (!table.test(readme)) throw new Error('README.md has no place for the table of options');
writeFileSync(
  'README.md',
  readme.replace(table, () => optionsTable()),
);
