import { join } from 'node:path';
import { Problems } from '../../src/output/problems.js';
import { locateMap } from '../../src/session-map/location.js';
import { type AssessOptions, assess } from '../../src/sessions/assess.js';
import { HOUR_MS, type Home } from './home.js';

/** The options of a run on this home, as far as looking and deciding goes. */
export function lookOptions(home: Home): AssessOptions {
  return {
    thresholdMsOf: () => 2 * HOUR_MS,
    isKept: () => false,
    missing: 'keep',
    keepRunning: true,
    roots: {
      claude: join(home.dir, '.claude'),
      gemini: join(home.dir, '.gemini'),
      codex: join(home.dir, '.codex'),
    },
    bridgeUrl: undefined,
  };
}

/** What a run finds in this home and decides, in this process. */
export async function assessed(home: Home, over: Partial<AssessOptions> = {}) {
  const problems = new Problems();
  const location = locateMap(home.sessionDir, true, problems);
  const assessment = await assess({ ...lookOptions(home), ...over }, location, problems);
  return { assessment, location, problems };
}
