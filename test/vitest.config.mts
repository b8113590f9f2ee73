import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '..');

const MINUTE_MS = 60_000;

/** One suite per folder; `npm test` runs unit and e2e, `.ci/run` all of them. */
function suite(name: string, testTimeout: number, globalSetup = 'test/support/install.ts') {
  return {
    test: {
      name,
      root,
      include: [`test/${name}/**/*.test.ts`],
      globalSetup: [globalSetup],
      // Limits for a machine that is busy; nothing is timed.
      testTimeout,
      hookTimeout: testTimeout,
    },
  };
}

export default defineConfig({
  root,
  test: {
    projects: [
      suite('unit', MINUTE_MS),
      suite('e2e', MINUTE_MS),
      suite('packed', 5 * MINUTE_MS),
      suite('clis', 5 * MINUTE_MS),
      suite('faults', 10 * MINUTE_MS),
      suite('system', 5 * MINUTE_MS, 'test/system/global-setup.ts'),
    ],
  },
});
