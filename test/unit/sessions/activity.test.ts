import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Mapping } from '../../../src/session-map/parse.js';
import { FoundActivity } from '../../../src/sessions/activity.js';
import { age, HOUR_MS, Home, uuid } from '../../support/home.js';

const [A, B] = [uuid(1), uuid(2)];

function mapping(session: string | null, family: Mapping['family'] = 'claude'): Mapping {
  return { provider: `${family}-cli`, family, chat: `of ${session}`, session, raw: '' };
}

function activityIn(home: Home, mappings: readonly Mapping[], now = Date.now()): FoundActivity {
  const roots = {
    claude: join(home.dir, '.claude'),
    gemini: join(home.dir, '.gemini'),
    codex: join(home.dir, '.codex'),
  };
  return new FoundActivity(mappings, roots, { now, thresholdMsOf: () => 2 * HOUR_MS });
}

/** How many hours ago, rounded. */
const hoursSince = (time: number | null): number | null =>
  time === null ? null : Math.round((Date.now() - time) / HOUR_MS);

describe("a session's activity", () => {
  it('is that of its newest file, of whatever kind; its transcript is its newest transcript', () => {
    const home = new Home();
    home.claude(A, 9, '-old');
    const transcript = home.claude(A, 5, '-srv-work');
    home.claude(A, 7, '-zzz');
    home.file(`.claude/projects/-srv-work/${A}/subagents/agent-a1.jsonl`, 3);
    const activity = activityIn(home, [mapping(A)]);
    const found = activity.activityOf(mapping(A));
    expect(hoursSince(found.lastActivity)).toBe(3);
    expect(found).toMatchObject({ transcript, isUncertain: false });
    expect(activity.filesOf(mapping(A))).toHaveLength(4);
  });

  it('is nothing where it has no file, no id or no known CLI', () => {
    const home = new Home();
    home.claude(A, 5);
    const known = [
      mapping(A),
      mapping(B),
      mapping(null),
      { ...mapping(A), family: undefined },
      mapping(A, 'codex'),
    ];
    const activity = activityIn(home, known);
    for (const one of known.slice(1)) {
      expect(activity.activityOf(one)).toEqual({
        ...{ lastActivity: null, transcript: null, isUncertain: false },
      });
      expect(activity.latestActivity(one)).toBeNull();
      expect(activity.processOf(one)).toBe('none');
    }
  });

  it('is found whatever the case of its letters', () => {
    const home = new Home();
    const session = 'abcdefab-0000-4000-8000-00000000000a';
    const transcript = home.claude(session, 5);
    const upper = mapping(session.toUpperCase());
    expect(activityIn(home, [upper]).activityOf(upper).transcript).toBe(transcript);
  });

  it("is also that of Codex's sub-agents, as far back as the longest threshold reaches", () => {
    const home = new Home();
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    home.codex(A, 5, day);
    const child = join(home.dir, `.codex/sessions/${day}/rollout-2026-01-01T00-00-00-${B}.jsonl`);
    const head = { type: 'session_meta', payload: { id: B, parent_thread_id: A } };
    writeFileSync(child, `${JSON.stringify(head)}\n`);
    const parent = mapping(A, 'codex');
    const last = (hoursAgo: number) => {
      age(child, hoursAgo);
      return hoursSince(activityIn(home, [parent]).activityOf(parent).lastActivity);
    };
    expect(last(1)).toBe(1);
    expect(last(3)).toBe(5);
  });
});

describe('what could not be looked at', () => {
  function loop(home: Home, path: string): string {
    const full = join(home.dir, path);
    mkdirSync(dirname(full), { recursive: true });
    symlinkSync(full, full);
    return full;
  }

  it('of all sessions of a CLI concerns each of them, and no other CLI', () => {
    const home = new Home();
    home.claude(A, 5);
    const path = loop(home, '.claude/projects/-loop');
    const activity = activityIn(home, [mapping(A), mapping(B), mapping(A, 'codex')]);
    for (const one of [mapping(A), mapping(B)]) {
      expect(activity.obstaclesTo(one)).toMatchObject([
        { path, message: "can't be read: too many symbolic links" },
      ]);
      expect(activity.activityOf(one).isUncertain).toBe(true);
    }
    expect(activity.obstaclesTo(mapping(A, 'codex'))).toEqual([]);
  });

  it('of one session concerns that one alone', () => {
    const home = new Home();
    home.claude(A, 5);
    home.claude(B, 5);
    const path = loop(home, `.claude/projects/-srv-other/${B}.jsonl`);
    const activity = activityIn(home, [mapping(A), mapping(B)]);
    expect(activity.obstaclesTo(mapping(B))).toMatchObject([{ path }]);
    expect(activity.activityOf(mapping(A)).isUncertain).toBe(false);
    expect(activity.activityOf(mapping(B)).isUncertain).toBe(true);
  });

  it('of the processes is told by path', () => {
    const home = new Home();
    const path = loop(home, '.codex/thread-writer-locks');
    const activity = activityIn(home, [mapping(A, 'codex')]);
    expect(activity.processObstacles).toMatchObject([{ path }]);
    expect(activity.processOf(mapping(A, 'codex'))).toBe('perhaps');
  });
});

it('the transcripts of a CLI are counted, whoever has them', () => {
  const home = new Home();
  for (const number of [1, 2, 3]) home.claude(uuid(number), 5);
  // Of this CLI nothing is mapped: it is not looked at.
  home.codex(uuid(1), 5);
  const activity = activityIn(home, [mapping(A)]);
  expect(activity.transcriptsOf('claude')).toBe(3);
  expect(activity.transcriptsOf('codex')).toBe(0);
});

describe('the process of a session', () => {
  async function started(...words: string[]): Promise<void> {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)', '--', ...words]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'spawn');
  }

  it('runs where the session is taken up, and may run where its id is named', async () => {
    const [taken, named] = [randomUUID(), randomUUID()];
    await started('--resume', taken);
    await started('look-for', named);
    const mappings = [mapping(taken), mapping(named.toUpperCase()), mapping(A)];
    const activity = activityIn(new Home(), mappings);
    expect(mappings.map((one) => activity.processOf(one))).toEqual(['running', 'perhaps', 'none']);
  });

  it('is seen at the next look, which may be so many seconds old', async () => {
    const session = randomUUID();
    const activity = activityIn(new Home(), [mapping(session)]);
    await started('--resume', session);
    activity.refreshProcesses(3600);
    expect(activity.processOf(mapping(session))).toBe('none');
    activity.refreshProcesses();
    expect(activity.processOf(mapping(session))).toBe('running');
  });
});

describe('a last look', () => {
  it("takes the times of the session's files as they are by now", () => {
    const home = new Home();
    const [first, second] = [home.claude(A, 5), home.claude(A, 6, '-other')];
    const activity = activityIn(home, [mapping(A)]);
    age(second, 1);
    expect(hoursSince(activity.latestActivity(mapping(A)))).toBe(1);
    rmSync(second);
    expect(hoursSince(activity.latestActivity(mapping(A)))).toBe(5);
    rmSync(first);
    expect(activity.latestActivity(mapping(A))).toBeNull();
  });

  it('throws when a file can not be looked at any more', () => {
    const home = new Home();
    const file = home.claude(A, 5);
    const activity = activityIn(home, [mapping(A)]);
    rmSync(file);
    symlinkSync(file, file);
    expect(() => activity.latestActivity(mapping(A))).toThrow('ELOOP');
  });
});

describe('looking anew', () => {
  /** A home whose directories were last changed hours ago, and what was found in it. */
  function foundLongAgo() {
    const home = new Home();
    home.claude(A, 5);
    home.gemini(B, 5);
    const project = join(home.dir, '.claude/projects/-srv-work');
    const longAgo = new Date(Date.now() - 9 * HOUR_MS);
    const settle = () => {
      for (const path of ['.claude', '.claude/projects', '.claude/projects/-srv-work']) {
        utimesSync(join(home.dir, path), longAgo, longAgo);
      }
      for (const path of ['.gemini', '.gemini/tmp', '.gemini/tmp/work', '.gemini/tmp/work/chats']) {
        utimesSync(join(home.dir, path), longAgo, longAgo);
      }
    };
    settle();
    const activity = activityIn(home, [mapping(A), mapping(B, 'gemini')]);
    return { home, project, settle, activity };
  }

  const last = (activity: FoundActivity) => {
    activity.refresh();
    return hoursSince(activity.activityOf(mapping(A)).lastActivity);
  };

  it('finds what has come since, in a directory that was there or is new', () => {
    const { home, activity } = foundLongAgo();
    home.file(`.claude/projects/-srv-work/${A}/subagents/agent-a1.jsonl`, 3);
    expect(last(activity)).toBe(3);
    home.claude(A, 1, '-srv-other');
    expect(last(activity)).toBe(1);
  });

  it('finds what was moved, and no longer what has gone', () => {
    const { home, project, activity } = foundLongAgo();
    const moved = join(dirname(home.claude(B, 5, '-moved')), `${A}.jsonl`);
    renameSync(join(project, `${A}.jsonl`), moved);
    activity.refresh();
    expect(activity.activityOf(mapping(A)).transcript).toBe(moved);
    rmSync(moved);
    expect(last(activity)).toBeNull();
  });

  it('does not go through directories in which nothing has changed', () => {
    const { home, settle, activity } = foundLongAgo();
    home.claude(A, 1, '-srv-work');
    settle();
    expect(last(activity)).toBe(5);
    expect(hoursSince(activity.latestActivity(mapping(A)))).toBe(1);
  });

  it('goes through those that changed in the moments around the look before', () => {
    const home = new Home();
    home.claude(A, 5);
    const project = join(home.dir, '.claude/projects/-srv-work');
    const moment = new Date(Math.floor(Date.now() / 1000) * 1000);
    const settle = () => utimesSync(project, moment, moment);
    settle();
    for (const path of [dirname(project), join(home.dir, '.claude')]) age(path, 9);
    const activity = activityIn(home, [mapping(A)], moment.getTime() + 1500);
    home.file(`.claude/projects/-srv-work/${A}/agent-a1.jsonl`, 3);
    settle();
    expect(last(activity)).toBe(3);
  });

  it('goes through a directory whose time is any other, also an older one', () => {
    const { home, project, activity } = foundLongAgo();
    home.file(`.claude/projects/-srv-work/${A}/agent-a1.jsonl`, 3);
    age(project, 20);
    expect(last(activity)).toBe(3);
  });

  it('looks at the processes, too', async () => {
    const session = randomUUID();
    const activity = activityIn(new Home(), [mapping(session)]);
    const child = spawn('sh', ['-c', 'sleep 60; true', 'claude', '--resume', session]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'spawn');
    activity.refresh();
    expect(activity.processOf(mapping(session))).toBe('running');
  });
});
