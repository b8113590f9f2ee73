import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '..');

/** One suite per folder; `npm test` runs the first two, `.ci/run` all of them. */
function suite(name: string, testTimeout: number, fileParallelism = true) {
  return {
    test: {
      name,
      root,
      include: [`test/${name}/**/*.test.ts`],
      globalSetup: ['test/support/install.ts'],
      testTimeout,
      hookTimeout: testTimeout,
      fileParallelism,
    },
  };
}

const MINUTE_MS = 60_000;

export default defineConfig({
  root,
  test: {
    projects: [
      suite('unit', MINUTE_MS),
      suite('e2e', MINUTE_MS),
      suite('packed', 5 * MINUTE_MS),
      suite('clis', 5 * MINUTE_MS),
      suite('faults', 10 * MINUTE_MS),
    ],
  },
});
