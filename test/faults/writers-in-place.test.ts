import { expect, it } from 'vitest';
import { refusing } from '../support/refusing.js';
import { describeWith } from '../support/requirements.js';
import { FEWER_RUNS, RUNS, runBeside } from './beside-a-bridge.js';

const HOUR_MS = 3600 * 1000;
const NO_EXCHANGE = refusing('exchange=EINVAL');
// The window is some 20 µs of a run; a bridge must hit it in every fourth run to lose so many.
const FALLBACK_SHARE = 1 / 4;

describeWith({ commands: ['python3'] })('beside a bridge that rewrites the map in place', () => {
  it('no mapping of its own is lost, and the map is whole', { timeout: HOUR_MS }, async () => {
    const tally = await runBeside('a bridge that saves in place', 'inplace', RUNS);
    expect(tally.lost).toEqual([]);
    expect(tally.reads.unexplained).toBe(0);
    expect(tally.commits).toBeGreaterThan(tally.runs / 2);
    expect(tally.collisions).toBeGreaterThan(0);
  });

  it('without an exchange of names the losses are counted', { timeout: HOUR_MS }, async () => {
    const name = 'the fallback, beside a bridge that saves in place';
    const tally = await runBeside(name, 'inplace', FEWER_RUNS, NO_EXCHANGE);
    expect(tally.reads.unexplained).toBe(0);
    expect(tally.commits).toBeGreaterThan(tally.runs / 2);
    expect(tally.lost.length).toBeLessThan(tally.runs * FALLBACK_SHARE);
  });
});
