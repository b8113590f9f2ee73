/** A clone that was not built, as `npm ci --ignore-scripts` leaves it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Home } from '../support/home.js';

const ROOT = join(import.meta.dirname, '../..');

describe('a clone that was not built', () => {
  it.each(['bin/claude-session-cleanup.js', 'scripts/demo.mjs'])(
    'says in one line what to do (%s)',
    (script) => {
      const clone = join(new Home().dir, 'clone');
      mkdirSync(clone);
      for (const part of ['bin', 'scripts', 'package.json']) {
        cpSync(join(ROOT, part), join(clone, part), { recursive: true });
      }
      const run = spawnSync(process.execPath, [join(clone, script)], { encoding: 'utf8' });
      expect(run).toMatchObject({ status: 1, stdout: '' });
      expect(run.stderr).toMatch(/^[^\n]*npm run build[^\n]*\n$/);
    },
  );
});
