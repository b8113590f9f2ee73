import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  checkBridge,
  checkWithoutAddress,
  checkWrittenBack,
  waysToTell,
} from '../../../src/doctor/bridge.js';
import { appendToJournal, Journal } from '../../../src/journal/journal.js';
import { Problems } from '../../../src/output/problems.js';
import { locateMap } from '../../../src/session-map/location.js';
import { mappingsOf } from '../../../src/session-map/parse.js';
import { type MapSnapshot, readMap } from '../../../src/session-map/read.js';
import type { Decision } from '../../../src/sessions/decide.js';
import { Home, uuid } from '../../support/home.js';
import { jobOf } from './stand-in.js';

const MAP = { 'claude-cli': { a: uuid(1), b: uuid(2) } };

/** A map's file as it is read. */
async function fileWith(map: unknown): Promise<MapSnapshot | undefined> {
  const home = new Home();
  home.writeMap(map);
  return await readMap(home.mapPath);
}

/** The address of a bridge that answers so. */
async function bridgeWith(sessions: unknown): Promise<URL> {
  const server = createServer((_, response) => response.end(JSON.stringify({ sessions })));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

describe('a bridge that is asked', () => {
  it('has the same as the file', async () => {
    const url = await bridgeWith(MAP);
    const { check, memory } = await checkBridge(url, await fileWith(MAP));
    expect(check).toEqual({
      subject: 'bridge',
      level: 'ok',
      message: `${url.href} has 2 mappings, the same as the file`,
      fix: null,
    });
    expect(memory && mappingsOf(memory)).toHaveLength(2);
  });

  it('has others than the file: how many on each side', async () => {
    const url = await bridgeWith({ 'claude-cli': { a: uuid(9) } });
    const { check } = await checkBridge(url, await fileWith(MAP));
    expect(check).toMatchObject({
      level: 'warning',
      message: `${url.href} has 1 mapping; 1 of them are not in the file, 2 of the file's are not in its memory`,
      fix: expect.stringContaining('--session-dir'),
    });
  });

  it('has a part of the file alone, or more than the file', async () => {
    const part = await checkBridge(await bridgeWith({}), await fileWith(MAP));
    expect(part.check.message).toMatch(/; 0 of them are not in the file, 2 of the file's/);
    const more = await checkBridge(await bridgeWith(MAP), undefined);
    expect(more.check.message).toMatch(/; 2 of them are not in the file, 0 of the file's/);
  });

  it('does not listen: a warning, since it may be stopped', async () => {
    const { check, memory } = await checkBridge(new URL('http://127.0.0.1:1'), undefined);
    expect(check).toMatchObject({
      subject: 'bridge',
      level: 'warning',
      message: 'nothing listens at http://127.0.0.1:1/: what the file says counts',
      fix: expect.stringContaining('--bridge-url'),
    });
    expect(memory).toBeUndefined();
  });

  it('makes no sense: a problem, since nothing is removed then', async () => {
    const url = await bridgeWith(7);
    const { check, memory } = await checkBridge(url, undefined);
    expect(check).toMatchObject({
      subject: 'bridge',
      level: 'problem',
      message: expect.stringContaining(url.href),
      fix: expect.stringContaining('removes nothing'),
    });
    expect(memory).toBeUndefined();
  });
});

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

describe('mappings that are written back', () => {
  /** What is told of the map's one mapping, where a run has removed it before. */
  async function tell(wasRemoved: boolean, url?: URL, job = jobOf()) {
    const home = new Home();
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const location = locateMap(home.sessionDir, true, new Problems());
    const stamp = { run: 'r', at: '2026-11-30T05:00:00Z' };
    const name = { provider: 'claude-cli', chat: 'a' };
    const removal = { op: 'remove', session: uuid(1), raw: '""', lastActivity: 5 } as const;
    const done = { op: 'done', kept: [], unsure: [], collisions: 0 } as const;
    if (wasRemoved) {
      appendToJournal(location, [
        { ...stamp, ...name, ...removal },
        { ...stamp, ...done },
      ]);
    }
    const mapped = await readMap(home.mapPath);
    const [mapping] = mapped ? mappingsOf(mapped.map) : [];
    const decision = { mapping, lastActivity: 5 } as Decision;
    return checkWrittenBack(new Journal(location.directory), [decision], url, job);
  }

  it('are counted, with a cure that fits how this machine is installed', async () => {
    expect(await tell(true, undefined, jobOf({ mode: 'cron' }))).toEqual([
      {
        subject: 'written back',
        level: 'warning',
        message: expect.stringContaining('are back (1)'),
        fix: waysToTell({ mode: 'cron', instance: 'default' }),
      },
    ]);
  });

  it('can be forgotten by a bridge whose address is known', async () => {
    const [finding] = await tell(true, new URL('http://127.0.0.1:8000'));
    expect(finding?.fix).toContain('http://127.0.0.1:8000/');
  });

  it('are none where no run has removed one', async () => {
    expect(await tell(false)).toEqual([]);
  });

  it('are not known when the journal can not be read: a problem', () => {
    const home = new Home();
    home.file('bridge/session_map.removed.jsonl/directory', 0);
    const decision = { mapping: { provider: 'claude-cli', chat: 'a' } } as Decision;
    const journal = new Journal(home.sessionDir);
    expect(checkWrittenBack(journal, [decision], undefined, undefined)).toEqual([
      {
        subject: 'journal',
        level: 'problem',
        message: expect.stringContaining("can't read the journal"),
        fix: expect.any(String),
      },
    ]);
  });
});
