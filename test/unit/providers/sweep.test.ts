import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { claude } from '../../../src/providers/claude.js';
import { codex } from '../../../src/providers/codex.js';
import { gemini } from '../../../src/providers/gemini.js';
import type { Provider } from '../../../src/providers/provider.js';
import { type Sweep, sweep } from '../../../src/providers/sweep.js';
import { newRoot, put } from './directory.js';

const [OLD, SINCE, YOUNG] = ['2026-11-20T10:15Z', '2026-11-21T10:15Z', '2026-11-21T10:16Z'].map(
  (time) => Date.parse(time),
) as [number, number, number];
const DAY_MS = 24 * 3600 * 1000;
const A = '0a0a0a0a-0000-4000-8000-00000000000a';
const B = '0b0b0b0b-0000-4000-8000-00000000000b';

let root: string;

beforeEach(() => {
  root = newRoot();
});

function file(path: string, mtimeMs = OLD, content = '{}\n'): string {
  const full = put(join(root, path), content);
  utimesSync(full, mtimeMs / 1000, mtimeMs / 1000);
  return full;
}

function link(path: string, to: string): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  symlinkSync(to, full);
  return full;
}

function look(provider: Provider, ...sessions: string[]): Sweep {
  return sweep(provider, root, new Set(sessions), SINCE);
}

const names = (sessionId: string): string => `${JSON.stringify({ type: 'user', sessionId })}\n`;

const NO_ID = "can't be told whose it is: it has no sessionId near its beginning";
const NOWHERE = "can't be read: it is a link that leads nowhere";
const LOOP = "can't be read: too many symbolic links";
const MEND = 'run as the user that the CLIs run as, or mend its permissions';

describe("a session's files", () => {
  it('are its transcripts in all projects, and all that lies below its own folder', () => {
    const first = file(`projects/-srv/${A}.jsonl`);
    const second = file(`projects/-srv-two/${A}.jsonl`, YOUNG);
    const agent = file(`projects/-srv/${A}/subagents/agent-0a.jsonl`, YOUNG);
    const deep = file(`projects/-srv/${A}/tool-results/deep/er/x.txt`);
    file(`projects/-srv/${B}/subagents/agent-0a.jsonl`);
    file('projects/-srv/memory/notes.md');
    file('projects/-srv/sessions-index.json');
    file(`todos/${A}.jsonl`);
    const { sessions, transcripts, obstacles } = look(claude, A);
    expect([...sessions.keys()]).toEqual([A]);
    expect(new Set(sessions.get(A)?.files)).toEqual(
      new Set([
        { path: first, mtimeMs: OLD, part: 'transcript' },
        { path: second, mtimeMs: YOUNG, part: 'transcript' },
        { path: agent, mtimeMs: YOUNG, part: 'extra' },
        { path: deep, mtimeMs: OLD, part: 'extra' },
      ]),
    );
    expect(transcripts).toBe(2);
    expect(obstacles).toEqual([]);
  });

  it('are found whatever the case of the letters in their names', () => {
    const path = file(`projects/-srv/${A.toUpperCase()}.jsonl`);
    const extra = file(`projects/-srv/${A.toUpperCase()}/x`);
    const { files } = look(claude, A).sessions.get(A) ?? {};
    expect(files?.map((each) => each.path).sort()).toEqual([path, extra].sort());
  });

  it('are found in a project whose name begins with a dot', () => {
    const path = file(`projects/.work/${A}.jsonl`);
    expect(look(claude, A).sessions.get(A)?.files).toMatchObject([{ path }]);
  });

  it('of other sessions are counted by name, and not looked at', () => {
    link(`projects/-srv/${B}.jsonl`, '/nowhere');
    link(`projects/-srv/${B}`, '/nowhere');
    const { sessions, transcripts, obstacles } = look(claude, A);
    expect([...sessions]).toEqual([]);
    expect({ transcripts, obstacles }).toEqual({ transcripts: 1, obstacles: [] });
  });

  it('are none where the CLI has no directory', () => {
    const { sessions, transcripts, obstacles, watched } = sweep(
      claude,
      join(root, 'not-there'),
      new Set([A]),
      SINCE,
    );
    expect([...sessions, ...watched]).toEqual([]);
    expect({ transcripts, obstacles }).toEqual({ transcripts: 0, obstacles: [] });
  });
});

describe('a transcript that vanishes', () => {
  it('between its folder being read and its time being asked for was not there', () => {
    const lost = file('projects/-srv/lost.jsonl');
    const stays = file('projects/-srv/stays.jsonl');
    // Asked what a name stands for right before the file is looked at.
    const vanishing: Provider = {
      ...claude,
      entryOf(directory, name) {
        rmSync(lost, { force: true });
        return claude.entryOf(directory, name);
      },
    };
    const { sessions, obstacles } = look(vanishing, 'lost', 'stays');
    expect(obstacles).toEqual([]);
    expect(sessions.get('lost')).toBeUndefined();
    expect(sessions.get('stays')?.files).toMatchObject([{ path: stays, mtimeMs: OLD }]);
  });

  it('before it is opened was not there', () => {
    file('projects/-srv/s.jsonl');
    const agent = file('projects/-srv/agent-0a.jsonl', YOUNG);
    const vanishing: Provider = {
      ...claude,
      sessionsInside(path) {
        rmSync(agent);
        return claude.sessionsInside(path);
      },
    };
    const found = look(vanishing, 's').sessions.get('s');
    expect(found).toMatchObject({ files: [{ mtimeMs: OLD }], obstacles: [] });
  });
});

describe("Claude Code 2.0.55's sub-agents beside the transcripts", () => {
  const agent = (mtimeMs: number, content: string, name = 'agent-0a1b2c3d') =>
    file(`projects/-srv/${name}.jsonl`, mtimeMs, content);

  beforeEach(() => {
    file(`projects/-srv/${A}.jsonl`);
    file(`projects/-srv/${B}.jsonl`);
    file('projects/-other/elsewhere.jsonl');
  });

  it('are activity of the session that they name inside', () => {
    const path = agent(YOUNG, names(A.toUpperCase()));
    const { sessions } = look(claude, A, B);
    const extra = { path, mtimeMs: YOUNG, part: 'extra' };
    expect(sessions.get(A)?.files).toContainEqual(extra);
    expect(sessions.get(B)?.files).toHaveLength(1);
  });

  it.each([
    [SINCE, 2],
    [SINCE - 1, 1],
  ])('count from the moment on that makes active: %i', (mtimeMs, count) => {
    const path = agent(mtimeMs, names(A));
    const { sessions, watched } = look(claude, A);
    expect(sessions.get(A)?.files).toHaveLength(count);
    // One that does not count may do so later.
    expect(watched.get(path)).toBe(count === 1 ? mtimeMs : undefined);
  });

  it("of a session that is not looked for are nobody's", () => {
    agent(YOUNG, names('other'));
    expect([...look(claude, A).sessions.values()].flatMap(({ files }) => files)).toHaveLength(1);
  });

  it('that are mapped themselves have a transcript, and count for their parent as well', () => {
    const path = agent(YOUNG, names(A));
    const { sessions, transcripts } = look(claude, 'agent-0a1b2c3d', A);
    const [own] = sessions.get('agent-0a1b2c3d')?.files ?? [];
    expect(own).toEqual({ path, mtimeMs: YOUNG, part: 'transcript' });
    expect(sessions.get(A)?.files.map(({ part }) => part)).toEqual(['transcript', 'extra']);
    expect(transcripts).toBe(4);
  });

  it('count for every session of the folder while they are empty', () => {
    const path = agent(YOUNG, '');
    const { sessions } = look(claude, A, B, 'elsewhere');
    const extra = { path, mtimeMs: YOUNG, part: 'extra' };
    for (const id of [A, B]) {
      expect(sessions.get(id)?.files).toContainEqual(extra);
      expect(sessions.get(id)?.obstacles).toEqual([]);
    }
    expect(sessions.get('elsewhere')?.files).toHaveLength(1);
  });

  it('leave every session of the folder in doubt when they do not say whose they are', () => {
    const path = agent(YOUNG, '{"noise":1}\n');
    const { sessions } = look(claude, A, B, 'elsewhere');
    for (const id of [A, B]) {
      expect(sessions.get(id)?.obstacles).toMatchObject([{ path, message: NO_ID }]);
      expect(sessions.get(id)?.files).toHaveLength(2);
    }
    expect(sessions.get('elsewhere')?.obstacles).toEqual([]);
  });

  it('that can not be looked at leave every session of the folder in doubt', () => {
    const path = link('projects/-srv/agent-0a1b2c3d.jsonl', '/nowhere');
    const { sessions } = look(claude, A, B);
    for (const id of [A, B]) {
      expect(sessions.get(id)?.obstacles).toMatchObject([{ path, message: NOWHERE }]);
      expect(sessions.get(id)?.files).toHaveLength(1);
    }
  });

  it('that can not be opened leave them in doubt, too', () => {
    agent(YOUNG, names(A));
    const failing: Provider = {
      ...claude,
      sessionsInside() {
        throw Object.assign(new Error(), { code: 'EIO' });
      },
    };
    const { obstacles } = look(failing, A).sessions.get(A) ?? {};
    expect(obstacles).toMatchObject([{ message: "can't be read: input/output error", fix: MEND }]);
  });

  it('that do not say whose they are leave a session alone whose transcript lies elsewhere', () => {
    agent(YOUNG, names('elsewhere'));
    agent(YOUNG, '{"a":1}\n', 'agent-0b');
    const { files, obstacles } = look(claude, A, 'elsewhere').sessions.get('elsewhere') ?? {};
    expect(files).toHaveLength(2);
    expect(obstacles).toEqual([]);
  });

  it('that have grown old without saying whose they are hinder nothing', () => {
    agent(OLD, '{"noise":1}\n');
    expect(look(claude, A).sessions.get(A)).toMatchObject({ files: [{}], obstacles: [] });
  });
});

describe("Gemini CLI's names with the first 8 characters", () => {
  const chat = (session: string, content = names(session), mtimeMs = OLD, minute = 15) =>
    file(
      `tmp/work/chats/session-2026-11-20T10-${minute}-${session.slice(0, 8)}.jsonl`,
      mtimeMs,
      content,
    );

  it('belong to the session that they name inside', () => {
    const twin = `${A.slice(0, -1)}b`;
    const path = chat(A);
    const { sessions } = look(gemini, A, twin);
    expect(sessions.get(A)?.files).toEqual([{ path, mtimeMs: OLD, part: 'transcript' }]);
    expect(sessions.get(twin)).toBeUndefined();
  });

  it('of sessions that are not looked for are counted, and not opened', () => {
    chat(B);
    const { sessions, transcripts } = look({ ...gemini, sessionsInside: () => [A] }, A);
    expect([...sessions]).toEqual([]);
    expect(transcripts).toBe(1);
  });

  it('are found in upper case', () => {
    chat(A.toUpperCase());
    chat(A.toUpperCase(), '{"noise":1}\n', YOUNG, 16);
    const { files, obstacles } = look(gemini, A).sessions.get(A) ?? {};
    expect(files).toHaveLength(2);
    expect(obstacles).toMatchObject([{ message: NO_ID }]);
  });

  it('are no transcript of a session of which only these characters are known', () => {
    chat(A);
    const beginning = A.slice(0, 8);
    expect(look(gemini, beginning).sessions.get(beginning)).toBeUndefined();
  });

  it.each([14, 16])(
    'count as activity of all whom they may be while they are empty (%i)',
    (minute) => {
      chat(A);
      const path = chat(A, '', YOUNG, minute);
      const { files, obstacles } = look(gemini, A).sessions.get(A) ?? {};
      expect(files).toContainEqual({ path, mtimeMs: YOUNG, part: 'extra' });
      expect(obstacles).toEqual([]);
    },
  );

  it('show nothing of a session of which there is but an empty one', () => {
    const path = chat(A, '');
    chat(B);
    const { sessions } = look(gemini, A, B);
    expect(sessions.get(A)?.obstacles).toMatchObject([{ path, message: NO_ID }]);
    expect(sessions.get(B)?.obstacles).toEqual([]);
  });

  it.each([15, 16])(
    'leave in doubt all whom they may be when they do not say it (%i)',
    (minute) => {
      chat(A);
      const path = chat(A, '{"noise":1}\n', YOUNG, minute + 10);
      chat(B);
      const { sessions } = look(gemini, A, B);
      expect(sessions.get(A)?.obstacles).toMatchObject([
        {
          path,
          message: NO_ID,
          fix: 'it is damaged, or no transcript: move it to another directory',
        },
      ]);
      expect(sessions.get(A)?.files).toHaveLength(2);
      expect(sessions.get(B)?.obstacles).toEqual([]);
    },
  );

  it('are as good as whole ids and the files below the folder of one', () => {
    const whole = file(`tmp/5f1d/chats/session-${A}.json`);
    const agent = file(`tmp/work/chats/${A}/agent.jsonl`, YOUNG);
    file(`tmp/work/tool-outputs/session-${A}.json`);
    const { files } = look(gemini, A).sessions.get(A) ?? {};
    expect(files).toEqual([
      { path: whole, mtimeMs: OLD, part: 'transcript' },
      { path: agent, mtimeMs: YOUNG, part: 'extra' },
    ]);
  });
});

describe("Codex CLI's date folders", () => {
  /** A UUIDv7 that was made at a moment. */
  const made = (moment: number): string => {
    const time = moment.toString(16).padStart(12, '0');
    return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
  };
  const ID = made(OLD);
  const rollout = (day: string, id: string, mtimeMs = OLD, payload: object = {}) =>
    file(
      `sessions/${day}/rollout-2026-11-20T10-15-00-${id}.jsonl`,
      mtimeMs,
      `${JSON.stringify({ type: 'session_meta', payload })}\n`,
    );

  it('of days before the oldest session are passed over', () => {
    rollout('2026/11/20', ID);
    rollout('2026/11/01', 'x');
    rollout('2026/10/20', 'x');
    rollout('2025/11/20', 'x');
    const { transcripts, watched } = sweep(codex, root, new Set([ID]), YOUNG + 30 * DAY_MS);
    expect(transcripts).toBe(1);
    expect([...watched.keys()].map((path) => path.slice(root.length)).sort()).toEqual([
      '',
      '/sessions',
      '/sessions/2026',
      '/sessions/2026/11',
      '/sessions/2026/11/20',
    ]);
  });

  it('are all looked into for a session that was not found: an imported one lies anywhere', () => {
    const path = rollout('2024/01/05', ID);
    rollout('2026/10/20', 'x');
    const { sessions, transcripts } = look(codex, ID, made(YOUNG));
    expect(sessions.get(ID)?.files).toMatchObject([{ path }]);
    expect(transcripts).toBe(2);
  });

  it('are all looked into where an id does not tell its time', () => {
    rollout('2026/11/20', A);
    rollout('2026/11/20', ID);
    rollout('2024/01/05', 'x');
    expect(look(codex, A, ID).transcripts).toBe(3);
  });

  it.each(['parent_thread_id', 'session_id'])(
    'of the last days have rollouts of sub-agents, which name their parent (%s)',
    (key) => {
      rollout('2026/11/20', ID);
      const path = rollout('2026/11/21', A, YOUNG, { id: A, [key]: ID });
      expect(look(codex, ID).sessions.get(ID)?.files).toContainEqual({
        path,
        mtimeMs: YOUNG,
        part: 'extra',
      });
    },
  );

  it('a sub-agent that is mapped itself counts for its parent as well', () => {
    rollout('2026/11/20', ID);
    rollout('2026/11/21', A, YOUNG, { id: A, parent_thread_id: ID });
    const { sessions } = look(codex, ID, A);
    expect(sessions.get(ID)?.files).toHaveLength(2);
    expect(sessions.get(A)?.files.map(({ part }) => part)).toEqual(['transcript']);
  });

  it('a sub-agent that is idle, or in the folder of an older day, is not opened', () => {
    rollout('2026/11/20', ID);
    const idle = rollout('2026/11/21', A, OLD, { parent_thread_id: ID });
    const older = rollout('2026/11/17', B, YOUNG, { parent_thread_id: ID });
    file(`sessions/${B}.jsonl`, YOUNG, '{"parent_thread_id":"x"}');
    const { sessions, watched } = look({ ...codex, sessionsInside: () => [ID] }, ID, B);
    expect(sessions.get(ID)?.files).toHaveLength(1);
    expect(watched.get(idle)).toBe(OLD);
    expect(watched.has(older)).toBe(false);
  });

  it('a rollout that can not be looked at, or names nobody, keeps nobody', () => {
    rollout('2026/11/21', ID, YOUNG);
    link(`sessions/2026/11/21/rollout-2026-11-21T10-15-00-${A}.jsonl`, '/nowhere');
    rollout('2026/11/21', B, YOUNG, { id: B });
    expect(look(codex, ID).sessions.get(ID)).toMatchObject({ files: [{}], obstacles: [] });
  });
});

describe('a link', () => {
  it("to a project, or to a session's own folder, is followed", () => {
    file('elsewhere/s.jsonl');
    file('elsewhere-too/now', YOUNG);
    link('projects/-linked', join(root, 'elsewhere'));
    link('projects/-srv/s', join(root, 'elsewhere-too'));
    const { sessions, obstacles } = look(claude, 's');
    expect(sessions.get('s')?.files.map(({ part }) => part)).toEqual(['transcript', 'extra']);
    expect(obstacles).toEqual([]);
  });

  it("to a directory below a session's folder is not followed: it may lead anywhere", () => {
    file('projects/-srv/s.jsonl');
    file('projects/-srv/other.jsonl', YOUNG);
    for (const [at, to] of ['.', '../..', '/'].entries()) link(`projects/-srv/s/${at}`, to);
    expect(look(claude, 's').sessions.get('s')).toMatchObject({ files: [{}], obstacles: [] });
  });

  it("to a file below a session's folder counts", () => {
    file('elsewhere/now', YOUNG);
    link('projects/-srv/s/now', join(root, 'elsewhere/now'));
    expect(look(claude, 's').sessions.get('s')?.files).toMatchObject([{ mtimeMs: YOUNG }]);
  });

  it("that leads nowhere, in a project's place, leaves all in doubt", () => {
    const path = link('projects/-x', '/nowhere');
    const fix = 'mount the disk that it leads to, or remove the link';
    expect(look(claude, 's').obstacles).toEqual([{ path, message: NOWHERE, fix }]);
  });

  it('that leads nowhere, or to itself, in the place of its own leaves that session in doubt', () => {
    const paths = [
      link('projects/-a/s.jsonl', '/nowhere'),
      link('projects/-b/s.jsonl', 's.jsonl'),
      link('projects/-c/s', '/nowhere'),
      link('projects/-d/s/x', '/nowhere'),
    ];
    file('projects/-a/other.jsonl');
    const { sessions, obstacles } = look(claude, 's', 'other');
    const messages = [NOWHERE, LOOP, NOWHERE, NOWHERE];
    const expected = paths.map((path, at) => ({ path, message: messages[at] }));
    expect(sessions.get('s')?.obstacles).toHaveLength(expected.length);
    for (const each of expected) {
      expect(sessions.get('s')?.obstacles).toContainEqual(expect.objectContaining(each));
    }
    expect(sessions.get('s')?.files).toEqual([]);
    expect(sessions.get('other')?.obstacles).toEqual([]);
    expect(obstacles).toEqual([]);
  });

  it("in a circle, in a project's place, leaves all in doubt", () => {
    const path = link('projects/-x', '-x');
    expect(look(claude, 's').obstacles).toEqual([{ path, message: LOOP, fix: MEND }]);
  });
});

describe('a name that is not UTF-8', () => {
  it.each([
    ['of a project: any session may have files there', 'projects/-?', 'all'],
    ["below a session's folder: that session is in doubt", 'projects/-srv/s/?', 'one'],
  ])('%s', (_name, folder, whose) => {
    file('projects/-srv/s.jsonl');
    const place = Buffer.from(join(root, folder).replace('?', '\xff'), 'latin1');
    mkdirSync(dirname(place.toString('latin1')), { recursive: true });
    if (whose === 'all') mkdirSync(place);
    else writeFileSync(place, '');
    const { sessions, obstacles } = look(claude, 's');
    const found = whose === 'all' ? obstacles : sessions.get('s')?.obstacles;
    const message = "can't be read: its name is not UTF-8";
    expect(found).toMatchObject([{ message, fix: 'rename it' }]);
  });
});

describe('what has the name of something else', () => {
  it.each([
    [claude, 'projects/-srv', 's.jsonl', 's'],
    [gemini, 'tmp/work/chats', 'session-2026-11-20T10-15-abcdef01.jsonl', 'abcdef01-2345'],
  ])('is not read: a pipe in the place of a transcript (%#)', (provider, folder, name, session) => {
    mkdirSync(join(root, folder), { recursive: true });
    execFileSync('mkfifo', [join(root, folder, name)]);
    const { sessions, obstacles } = look(provider, session);
    expect([...sessions]).toEqual([]);
    expect(obstacles).toEqual([]);
  });

  it('is not read: a directory in the place of a transcript', () => {
    mkdirSync(join(root, 'projects/-srv/s.jsonl'), { recursive: true });
    const { sessions, obstacles } = look(claude, 's');
    expect([...sessions]).toEqual([]);
    expect(obstacles).toEqual([]);
  });

  it('is nothing: a file, or a link to one, in the place of a directory', () => {
    file('projects/notes.txt');
    link('projects/link', file('elsewhere.txt'));
    file('projects/-srv/s');
    const { sessions, obstacles, watched } = look(claude, 's');
    expect([...sessions]).toEqual([]);
    expect(obstacles).toEqual([]);
    expect(watched.has(join(root, 'projects/notes.txt'))).toBe(false);
  });
});

describe('what is watched', () => {
  it('are the directories that were looked into', () => {
    file('projects/-srv/s.jsonl');
    mkdirSync(join(root, 'projects/-srv/s/subagents'), { recursive: true });
    mkdirSync(join(root, 'projects/-srv/other'));
    const folders = [
      'projects/-srv/s/subagents',
      'projects/-srv/s',
      'projects/-srv',
      'projects',
      '',
    ];
    for (const folder of folders) utimesSync(join(root, folder), OLD / 1000, OLD / 1000);
    const { watched } = look(claude, 's');
    const expected = folders.map((folder) => [folder === '' ? root : join(root, folder), OLD]);
    expect(new Map(watched)).toEqual(new Map(expected as [string, number][]));
  });
});
