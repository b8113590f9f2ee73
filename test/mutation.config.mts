import { defineConfig } from 'vitest/config';

/** The unit tests of the rooms whose mutants have to be found: see .stryker.json. */
export default defineConfig({
  test: {
    include: ['test/unit/{sessions,commit,session-map,journal,providers}/**/*.test.ts'],
    // A broken lease's signal ends the threads that Stryker runs tests in.
    exclude: ['test/unit/commit/kernel.test.ts'],
  },
});
