import { describe, expect, it } from 'vitest';
import { checkWithoutAddress, waysToTell } from '../../../src/doctor/bridge.js';
import { jobOf } from './stand-in.js';

// What a bridge that runs answers is in test/e2e/doctor.test.ts.

describe('a bridge without an address', () => {
  it('has its memory written over the file: a warning', () => {
    expect(checkWithoutAddress(undefined, undefined)).toMatchObject({
      subject: 'bridge',
      level: 'warning',
      message: expect.stringContaining('only the file is cleaned'),
      fix: waysToTell(undefined),
    });
    expect(checkWithoutAddress(jobOf(), null).level).toBe('warning');
  });

  it('is told by a restart of its unit', () => {
    expect(checkWithoutAddress(jobOf({ restartsBridge: true }), null)).toMatchObject({
      level: 'ok',
      message: 'its unit is restarted after a run that removed mappings',
    });
  });

  it('is told by what the last run had to do', () => {
    expect(checkWithoutAddress(jobOf(), 'restart it')).toMatchObject({
      level: 'ok',
      message: 'after a run that removed mappings this is run: restart it',
    });
  });
});

describe('a bridge gets to know of removals', () => {
  it('in the ways that a service can have: its sandbox lets it restart nothing', () => {
    for (const mode of ['systemd', 'user'] as const) {
      const ways = waysToTell({ mode, instance: 'default' });
      expect(ways).toMatch(new RegExp(`install\\.sh --${mode} --bridge-url .*--bridge-unit`));
      expect(ways).not.toContain('--on-change');
    }
  });

  it('in the ways that a cron job can have', () => {
    const cron = waysToTell({ mode: 'cron', instance: 'default' });
    expect(cron).toMatch(/install\.sh --cron --bridge-url .*--on-change/);
    expect(cron).not.toContain('--bridge-unit');
  });

  it('by options where nothing is installed', () => {
    expect(waysToTell(undefined)).toMatch(/--bridge-url.*--on-change/);
  });
});
