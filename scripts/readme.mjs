// Writes the table of options into the README, from the program's own.
import { readFileSync, writeFileSync } from 'node:fs';
import { optionsTable } from './documents.mjs';

const readme = readFileSync('README.md', 'utf8');
const table =
  /(?<=<!-- table of options: npm run readme -->\n)[\s\S]*(?=<!-- \/table of options -->)/;
if (!table.test(readme)) throw new Error('README.md has no place for the table of options');
writeFileSync(
  'README.md',
  readme.replace(table, () => optionsTable()),
);
