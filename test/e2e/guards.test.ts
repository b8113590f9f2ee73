import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOUR_MS, Home, uuid } from '../support/home.js';

describe('an old copy of the home', () => {
  function copy(): Home {
    const home = new Home();
    home.claude(uuid(1), 200);
    home.gemini(uuid(2), 24);
    home.gemini(uuid(9), 0.1);
    home.writeMap({
      'claude-cli': { a: uuid(1), b: uuid(3), c: uuid(4), d: uuid(5) },
      'gemini-cli': { e: uuid(2), f: uuid(9) },
    });
    return home;
  }

  it("keeps all of that CLI's mappings and says so, exit 1; others are cleaned", async () => {
    const home = copy();
    const { status, stderr } = await home.run();
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /Claude Code: its 3 newest mapped sessions have no transcript .*elsewhere/,
    );
    expect(home.map).toEqual({
      'claude-cli': { a: uuid(1), b: uuid(3), c: uuid(4), d: uuid(5) },
      'gemini-cli': { f: uuid(9) },
    });
  });

  it('is told by the reason in JSON', async () => {
    const { sessions } = await copy().runJson(['-n']);
    expect(sessions.map(({ keptBecause }) => keptBecause)).toEqual([
      ...['guard', 'missing', 'missing', 'missing'],
      ...[null, 'active'],
    ]);
  });

  it('is not suspected when a newer session has its transcript', async () => {
    const home = copy();
    home.claude(uuid(5), 0.1);
    expect(await home.run()).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toMatchObject({ 'claude-cli': { b: uuid(3), c: uuid(4), d: uuid(5) } });
  });
});

describe('a clock that has jumped ahead since the last run', () => {
  function afterARun(change: (record: { endedAt: string; clock: { boot: string } }) => void) {
    return async () => {
      const home = new Home();
      home.claude(uuid(1), 0.1);
      home.writeMap({ 'claude-cli': { a: uuid(1) } });
      await home.run();
      home.claude(uuid(1), 5);
      const path = join(home.sessionDir, 'session_map.last-run.json');
      const record = JSON.parse(readFileSync(path, 'utf8'));
      change(record);
      writeFileSync(path, JSON.stringify(record));
      return home;
    };
  }
  const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString();

  it.each([
    [
      'by more than this machine has run meanwhile',
      afterARun((record) => {
        record.endedAt = ago(2);
      }),
    ],
    [
      'by months, across a restart of the machine',
      afterARun((record) => {
        record.endedAt = ago(24 * 90);
        record.clock.boot = 'another';
      }),
    ],
  ])('%s: nothing goes, exit 1; the next run cleans', async (_name, prepare) => {
    const home = await prepare();
    const { status, stderr } = await home.run();
    expect(status).toBe(1);
    expect(stderr).toMatch(/clock .* nothing was removed; check the clock/);
    expect(home.map).toEqual({ 'claude-cli': { a: uuid(1) } });
    expect(await home.run()).toMatchObject({ status: 0 });
    expect(home.map).toEqual({ 'claude-cli': {} });
  });

  it('is not suspected of a machine that was off for a week', async () => {
    const home = await afterARun((record) => {
      record.endedAt = ago(24 * 7);
      record.clock.boot = 'another';
    })();
    expect(await home.run()).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': {} });
  });
});

describe('rules', () => {
  it('keep what --keep names, and give --hours <pattern>=<n> its own threshold', async () => {
    const home = new Home();
    for (const number of [1, 2, 3]) home.claude(uuid(number), 5);
    home.writeMap({ 'claude-cli': { ops: uuid(1), slow: uuid(2), other: uuid(3) } });
    const rules = ['--keep', 'ops', '--hours', 'claude-cli/slow=9'];
    const { sessions } = await home.runJson(rules);
    expect(sessions.map(({ keptBecause }) => keptBecause)).toEqual(['rule', 'active', null]);
    expect(home.map).toEqual({ 'claude-cli': { ops: uuid(1), slow: uuid(2) } });
  });
});
