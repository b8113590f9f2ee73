import { chmodSync, chownSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { checkMap } from '../../../src/doctor/map.js';
import { age, HOUR_MS, Home } from '../../support/home.js';

// Root may write anywhere: that it may not is said here as the kernel says it to others.
const access = vi.hoisted(() => ({ error: undefined as Error | undefined }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const accessSync: typeof fs.accessSync = (...args) => {
    if (access.error !== undefined) throw access.error;
    fs.accessSync(...args);
  };
  return { ...fs, accessSync };
});
beforeEach(() => {
  access.error = undefined;
});

function levels({ checks }: Awaited<ReturnType<typeof checkMap>>) {
  return checks.map(({ subject, level }) => `${subject} ${level}`);
}

describe('a map', () => {
  it('is well: where it is, its shape, its user and its age', async () => {
    const home = new Home();
    home.writeMap({ 'claude-cli': {} });
    age(home.mapPath, 1.5);
    const found = await checkMap(home.sessionDir, Date.now());
    expect(levels(found)).toEqual(['map ok', 'directory ok']);
    expect(found.checks[0]?.message).toMatch(
      /^\S+session_map\.json, by provider, of user \S+, last written 2 hours ago$/,
    );
    expect(found.checks[1]?.message).toBe(`${home.sessionDir} can be written to`);
    expect(found.snapshot?.map.shape).toBe('by-provider');
    expect(found.location?.directory).toBe(home.sessionDir);
    expect(found.last).toBeUndefined();
  });

  it('may be flat', async () => {
    const home = new Home();
    home.writeMap({ a: '01010101-0000-4000-8000-000000000001' });
    const { checks } = await checkMap(home.sessionDir, Date.now());
    expect(checks[0]?.message).toContain('session_map.json, flat, of user');
  });

  it('is not there yet: a warning, since the bridge may have mapped nothing', async () => {
    const { sessionDir, mapPath } = new Home();
    const found = await checkMap(sessionDir, Date.now());
    expect(found.checks).toEqual([
      {
        subject: 'map',
        level: 'warning',
        message: `no ${mapPath} yet: nothing to clean`,
        fix: expect.stringContaining('--session-dir'),
      },
    ]);
    expect(found.location?.directory).toBe(sessionDir);
    expect(found.snapshot).toBeUndefined();
  });

  it('makes no sense', async () => {
    const home = new Home();
    home.writeMap('[]');
    const found = await checkMap(home.sessionDir, Date.now());
    expect(found.checks).toEqual([
      expect.objectContaining({
        subject: 'map',
        level: 'problem',
        message: expect.stringContaining(home.mapPath),
      }),
    ]);
    expect(found.snapshot).toBeUndefined();
  });

  it('may lie where its group can replace it: a warning, with the path in the message', async () => {
    const home = new Home();
    home.writeMap({});
    chmodSync(home.sessionDir, 0o775);
    const { checks } = await checkMap(home.sessionDir, Date.now());
    expect(checks).toContainEqual(
      expect.objectContaining({
        subject: 'map',
        level: 'warning',
        message: `${home.sessionDir}: its group may write here and replace the map`,
        fix: expect.stringContaining('chmod g-w'),
      }),
    );
  });

  it('may lie where everybody can replace it: a problem', async () => {
    const home = new Home();
    home.writeMap({});
    chmodSync(home.sessionDir, 0o777);
    expect(levels(await checkMap(home.sessionDir, Date.now()))).toEqual(['map problem']);
  });

  it('has the record of the last run beside it', async () => {
    const home = new Home();
    home.writeMap({});
    const at = new Date(Date.now() - HOUR_MS).toISOString();
    const parts = { roots: {}, missing: {}, clock: {}, program: {}, counters: {} };
    const record = JSON.stringify({ version: 1, endedAt: at, ...parts });
    home.file('bridge/session_map.last-run.json', 0, record);
    expect((await checkMap(home.sessionDir, Date.now())).last?.endedAt).toBe(at);
  });
});

describe.runIf(process.geteuid?.() === 0)('another user’s map', () => {
  it('is not judged by root, who has another home, but shown who to be', async () => {
    const home = new Home();
    home.writeMap({});
    chownSync(home.mapPath, 1, 1);
    expect(await checkMap(home.sessionDir, Date.now())).toEqual({
      checks: [
        {
          subject: 'map',
          level: 'warning',
          message: expect.stringContaining('belongs to user daemon'),
          fix: expect.stringMatching(/ sudo -u daemon -H \S+ \S+ doctor --session-dir \S+$/),
        },
      ],
    });
  });
});

describe('a directory that can not be written to', () => {
  it('is a problem, which its owner can mend', async () => {
    const home = new Home();
    home.writeMap({});
    access.error = Object.assign(new Error('denied'), { code: 'EACCES' });
    const { checks } = await checkMap(home.sessionDir, Date.now());
    expect(checks).toContainEqual({
      subject: 'directory',
      level: 'problem',
      message: `${home.sessionDir} can't be written to by this user: permission denied`,
      fix: `chmod u+wx '${home.sessionDir}'`,
    });
  });
});
