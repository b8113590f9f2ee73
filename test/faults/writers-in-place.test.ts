import { expect, it } from 'vitest';
import { describeWith } from '../support/requirements.js';
import { RUNS, runBeside } from './beside-a-bridge.js';

const HOUR_MS = 3600 * 1000;

describeWith({ commands: ['python3'] })('beside a bridge that rewrites the map in place', () => {
  it('none of its mappings is lost, and the map is whole', { timeout: HOUR_MS }, async () => {
    const tally = await runBeside('a bridge that saves in place', 'inplace', RUNS);
    expect(tally.lost).toEqual([]);
    expect(tally.reads).toMatchObject({ unexplained: 0 });
    expect(tally.weaker).toBe(0);
    expect(tally.commits).toBeGreaterThan(tally.runs / 2);
    expect(tally.collisions).toBeGreaterThan(0);
  });
});
