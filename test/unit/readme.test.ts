import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { optionsTable } from '../../scripts/documents/options-table.js';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

it("the README's table of options is the program's own (npm run readme writes it)", () => {
  const table = /<!-- table of options: npm run readme -->\n([\s\S]*)<!-- \/table of options -->/;
  expect(table.exec(README)?.[1]).toBe(optionsTable());
});

it('the table has every option, its variable, its choices and its default', () => {
  const table = optionsTable();
  expect(table).toContain('| `-H, --hours <n>` | `IDLE_THRESHOLD_HOURS` | 2 | ');
  expect(table).toContain('| `--missing <keep\\|remove>` |  | `keep` | ');
  expect(table).toContain(
    '| `--gemini-dir <dir>` | `GEMINI_CLI_HOME` (its parent) | `~/.gemini` | ',
  );
  expect(table).toContain('; `--no-keep-running`: ');
  expect(table).toContain('`restore`: every removed mapping');
});
