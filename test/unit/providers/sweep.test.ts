import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { claude } from '../../../src/providers/claude.js';
import { gemini } from '../../../src/providers/gemini.js';
import type { Roots } from '../../../src/providers/index.js';
import type { Provider } from '../../../src/providers/provider.js';
import { sweep } from '../../../src/providers/sweep.js';
import type { Mapping } from '../../../src/session-map/parse.js';
import { FoundActivity } from '../../../src/sessions/activity.js';

const OLD = new Date('2026-11-20T10:15:00Z');

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cleanup-sweep-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
});

function transcript(path: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '{}\n');
  utimesSync(file, OLD, OLD);
  return file;
}

describe('a transcript that vanishes', () => {
  it('between its folder being read and its time being asked for was not there', () => {
    const lost = transcript('projects/-srv/lost.jsonl');
    const stays = transcript('projects/-srv/stays.jsonl');
    // Asked what a name stands for right before the file is looked at.
    const vanishing: Provider = {
      ...claude,
      entryOf(directory, name) {
        rmSync(lost, { force: true });
        return claude.entryOf(directory, name);
      },
    };
    const { sessions, obstacles } = sweep(vanishing, root, new Set(['lost', 'stays']), 0);
    expect(obstacles).toEqual([]);
    expect(sessions.get('lost')).toBeUndefined();
    expect(sessions.get('stays')?.files).toMatchObject([{ path: stays, mtimeMs: OLD.getTime() }]);
  });

  it('after the sweep no longer counts at the last look', () => {
    const first = transcript('projects/-srv/s.jsonl');
    const second = transcript('projects/-other/s.jsonl');
    const mapping: Mapping = {
      provider: 'claude-cli',
      family: 'claude',
      chat: 'a',
      session: 's',
      raw: '"s"',
    };
    const policy = { now: Date.now(), thresholdMsOf: () => 0 };
    const activity = new FoundActivity([mapping], { claude: root } as Roots, policy);
    const newer = new Date(OLD.getTime() + 1000);
    utimesSync(second, newer, newer);
    expect(activity.latestActivity(mapping)).toBe(newer.getTime());
    rmSync(second);
    expect(activity.latestActivity(mapping)).toBe(OLD.getTime());
    rmSync(first);
    expect(activity.latestActivity(mapping)).toBeNull();
  });
});

describe('a name that is not UTF-8', () => {
  it.each([
    ['of a project: any session may have files there', 'projects/-?', 'all'],
    ["below a session's folder: that session is in doubt", 'projects/-srv/s/?', 'one'],
  ])('%s', (_name, folder, whose) => {
    transcript('projects/-srv/s.jsonl');
    const place = Buffer.from(join(root, folder).replace('?', '\xff'), 'latin1');
    mkdirSync(dirname(place.toString('latin1')), { recursive: true });
    if (whose === 'all') mkdirSync(place);
    else writeFileSync(place, '');
    const { sessions, obstacles } = sweep(claude, root, new Set(['s']), 0);
    const found = whose === 'all' ? obstacles : sessions.get('s')?.obstacles;
    expect(found).toMatchObject([{ message: "can't be read: its name is not UTF-8" }]);
  });
});

describe("what has a transcript's name and is none", () => {
  it.each([
    [claude, 'projects/-srv', 's.jsonl', 's'],
    [gemini, 'tmp/work/chats', 'session-2026-11-20T10-15-abcdef01.jsonl', 'abcdef01-2345'],
  ])('is not read: a pipe (%#)', (provider, folder, name, session) => {
    mkdirSync(join(root, folder), { recursive: true });
    execFileSync('mkfifo', [join(root, folder, name)]);
    const { sessions, obstacles } = sweep(provider, root, new Set([session]), 0);
    expect([...sessions]).toEqual([]);
    expect(obstacles).toEqual([]);
  });

  it('is not read: a directory', () => {
    mkdirSync(join(root, 'projects/-srv/s.jsonl'), { recursive: true });
    const { sessions, obstacles } = sweep(claude, root, new Set(['s']), 0);
    expect([...sessions]).toEqual([]);
    expect(obstacles).toEqual([]);
  });
});
