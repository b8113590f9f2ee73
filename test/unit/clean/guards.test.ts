import { utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { guard, type RemovalLimit, wrongClock } from '../../../src/clean/guards.js';
import { bootClock } from '../../../src/system/boot-clock.js';
import { assessed } from '../../support/assessed.js';
import { HOUR_MS, Home, uuid } from '../../support/home.js';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;

describe('a clock', () => {
  it.each([
    ['is right when it is before the map by a few minutes', 5 * MINUTE_MS, undefined],
    ['is behind when it is before the map by more', 5 * MINUTE_MS + 1, '5 minutes behind'],
    ['is right when it is behind nothing', -HOUR_MS, undefined],
  ])('%s', (_name, ahead, message) => {
    const found = wrongClock(NOW + ahead, undefined, NOW);
    if (message === undefined) expect(found).toBeUndefined();
    else expect(found?.message).toContain(message);
  });

  const { boot, upMs } = bootClock();
  it.each([
    [
      'of this boot is right when as much has passed on both',
      9 * HOUR_MS,
      boot,
      9 * HOUR_MS,
      false,
    ],
    ['of this boot is right when an hour is missing', 9 * HOUR_MS, boot, 8 * HOUR_MS + 2000, false],
    ['of this boot has jumped when more is missing', 9 * HOUR_MS, boot, 7 * HOUR_MS, true],
    ['of this boot is right after months', 90 * DAY_MS, boot, 90 * DAY_MS, false],
    ['of another boot is right after a month', 59 * DAY_MS, 'another', 0, false],
    ['of another boot has jumped when it is months', 61 * DAY_MS, 'another', 0, true],
  ])('%s', (_name, passed, ofBoot, running, hasJumped) => {
    const last = {
      endedAt: new Date(NOW - passed).toISOString(),
      clock: { boot: ofBoot, upMs: upMs - running },
    };
    const found = wrongClock(NOW, last, NOW);
    expect(found?.level).toBe(hasJumped ? 'warning' : undefined);
    if (hasJumped) expect(found?.message).toContain(last.endedAt);
  });

  it('is not asked about a map that is not there, and no run before', () => {
    expect(wrongClock(undefined, undefined, NOW)).toBeUndefined();
  });
});

describe('nothing is removed', () => {
  /** Three idle sessions and an active one. */
  function homeToClean(): Home {
    const home = new Home();
    for (const number of [1, 2, 3]) home.claude(uuid(number), 5);
    home.claude(uuid(4), 0.1);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2), c: uuid(3), d: uuid(4) } });
    return home;
  }
  const setMapAhead = (home: Home): void => {
    const later = new Date(Date.now() + HOUR_MS);
    utimesSync(home.mapPath, later, later);
  };

  it.each<[string, RemovalLimit | undefined, boolean]>([
    ['without a limit', undefined, false],
    ['at the limit', { kind: 'count', most: 3 }, false],
    ['beyond it', { kind: 'count', most: 2 }, true],
    ['at the limit in percent', { kind: 'percent', most: 75 }, false],
    ['beyond it in percent', { kind: 'percent', most: 74.9 }, true],
  ])('%s: %j, %s', async (_name, limit, isForbidden) => {
    const { assessment } = await assessed(homeToClean());
    const found = guard(assessment, limit);
    expect(found?.level).toBe(isForbidden ? 'problem' : undefined);
    if (!isForbidden) return;
    const allowed = limit?.kind === 'count' ? '2' : '74.9%';
    expect(found?.message).toBe(
      `3 of 4 mappings would go, more than --max-remove ${allowed} allows; nothing was removed`,
    );
  });

  it('when the clock is wrong', async () => {
    const home = homeToClean();
    setMapAhead(home);
    const { assessment } = await assessed(home);
    expect(guard(assessment, undefined)).toMatchObject({
      level: 'problem',
      message: expect.stringMatching(/60 minutes behind the map's own time; nothing was removed$/),
      fix: 'set the clock',
    });
  });

  it('and nothing is told, when there is nothing to remove', async () => {
    const home = homeToClean();
    for (const number of [1, 2, 3]) home.claude(uuid(number), 0.1);
    setMapAhead(home);
    const { assessment } = await assessed(home);
    expect(guard(assessment, { kind: 'count', most: 0 })).toBeUndefined();
  });
});
