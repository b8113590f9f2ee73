import { expect, it } from 'vitest';
import { refusing } from '../support/refusing.js';
import { describeWith } from '../support/requirements.js';
import { FEWER_RUNS, runBeside } from './beside-a-bridge.js';

const HOUR_MS = 3600 * 1000;

describeWith({ commands: ['python3', 'sed', 'jq', 'vim'] })('beside', () => {
  it.each([
    ['a bridge that keeps the map open between its saves', 'open'],
    ['a program that truncates the map and appends to it', 'append'],
    ['a program that maps the map into its memory', 'mmap'],
    ['sed -i', 'sed'],
    ['jq and mv', 'jq'],
    // The slowest: an edit takes as long as many saves.
    ['vim', 'vim', 8],
  ])('%s no mapping is lost', { timeout: HOUR_MS }, async (name, mode, times = 1) => {
    const tally = await runBeside(name, mode, FEWER_RUNS * times);
    expect(tally.lost).toEqual([]);
    expect(tally.reads.unexplained).toBe(0);
    expect(tally.weaker).toBe(0);
    expect(tally.commits).toBeGreaterThan(0);
  });
});

describeWith({ commands: ['python3'] })('where names can not be exchanged', () => {
  it.each(['inplace', 'rename'])(
    'beside a bridge (%s) the map is whole, and each run says what can be lost',
    { timeout: HOUR_MS },
    async (mode) => {
      const name = `the weaker way, beside a bridge (${mode})`;
      const tally = await runBeside(name, mode, FEWER_RUNS, refusing('exchange=EINVAL'));
      expect(tally.reads.unexplained).toBe(0);
      expect(tally.commits).toBeGreaterThan(0);
      expect(tally.weaker).toBe(tally.commits);
    },
  );
});
