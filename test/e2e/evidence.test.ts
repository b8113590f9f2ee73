import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOUR_MS, Home, uuid } from '../support/home.js';

const [A, B, C] = [uuid(1), uuid(2), uuid(3)] as const;

/** A is what a test is about, B is idle and must go, C is active. */
function home(write: (home: Home) => void): Home {
  const made = new Home();
  made.claude(B, 24);
  made.claude(C, 0.1);
  write(made);
  made.writeMap({ 'claude-cli': { a: A, b: B, c: C } });
  return made;
}

/** The chats that a run leaves. */
async function left(made: Home, args: readonly string[] = []): Promise<string[]> {
  await made.run(args);
  return Object.values(made.map as Record<string, Record<string, string>>).flatMap(Object.keys);
}

function folderOf(made: Home, session: string): string {
  const folder = join(made.dir, '.claude/projects/-srv-work', session);
  mkdirSync(folder, { recursive: true });
  return folder;
}

describe('what lies below a session', () => {
  it('is no transcript: a session of which only old tool results are left is missing', async () => {
    const made = home((it) => {
      it.file(`.claude/projects/-srv-work/${A}/tool-results/x.txt`, 24);
      it.file(`.claude/projects/-srv-work/${B}/tool-results/x.txt`, 24);
    });
    const { sessions } = await made.runJson(['-n']);
    expect(sessions.map(({ state }) => state)).toEqual(['missing', 'idle', 'active']);
    expect(await left(made)).toEqual(['a', 'c']);
  });

  it('is activity, however deep it lies', async () => {
    const deep = 'd/'.repeat(60);
    const made = home((it) => {
      it.claude(A, 24);
      it.file(`.claude/projects/-srv-work/${A}/${deep}now`, 0.1);
    });
    expect(await left(made)).toEqual(['a', 'c']);
  });

  it('can be links to directories: they are not followed', async () => {
    const made = home((it) => {
      it.claude(A, 24);
      const folder = folderOf(it, A);
      for (const name of ['1', '2', '3', '4', '5', '6']) symlinkSync('.', join(folder, name));
      symlinkSync('../..', join(folder, 'up'));
    });
    expect(await left(made)).toEqual(['c']);
  });

  it('can be links in a circle', async () => {
    const made = home((it) => {
      it.claude(A, 24);
      const [one, two] = ['one', 'two'].map((name) => join(folderOf(it, A), name));
      for (const folder of [one, two]) mkdirSync(folder ?? '');
      for (const name of ['1', '2', '3', '4']) {
        symlinkSync('../two', join(one ?? '', name));
        symlinkSync('../one', join(two ?? '', name));
      }
    });
    expect(await left(made)).toEqual(['c']);
  });

  it.each(['/nowhere', 'loop'])('leaves that session in doubt alone: a link to %s', async (to) => {
    const made = home((it) => {
      it.claude(A, 24);
      symlinkSync(to, join(folderOf(it, A), 'loop'));
    });
    const { sessions } = await made.runJson(['-n']);
    expect(sessions.map(({ state }) => state)).toEqual(['unreadable', 'idle', 'active']);
    expect(await left(made)).toEqual(['a', 'c']);
  });
});

describe("a Codex sub-agent's own rollout", () => {
  function withSubAgent(hoursAgo: number): Home {
    const made = new Home();
    made.codex(A, 24);
    made.codex(B, 24);
    made.codex(C, 0.1);
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    const payload = { id: uuid(4), session_id: A, parent_thread_id: A, cwd: '/srv' };
    const line = JSON.stringify({ type: 'session_meta', payload });
    const name = `rollout-${day.replaceAll('/', '-')}T00-00-00-${uuid(4)}.jsonl`;
    made.file(`.codex/sessions/${day}/${name}`, hoursAgo, `${line}\n`);
    made.writeMap({ 'codex-cli': { a: A, b: B, c: C } });
    return made;
  }

  it("is its parent's activity while it is written", async () => {
    expect(await left(withSubAgent(0.1))).toEqual(['a', 'c']);
  });

  it('keeps nobody when it can not be looked at', async () => {
    const made = withSubAgent(3);
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    const folder = join(made.dir, '.codex/sessions', day);
    symlinkSync(
      '/nowhere',
      join(folder, `rollout-${day.replaceAll('/', '-')}T00-00-01-${uuid(5)}.jsonl`),
    );
    expect(await made.run()).toMatchObject({ status: 0, stderr: '' });
    expect(made.map).toEqual({ 'codex-cli': { c: C } });
  });

  it('keeps nobody when it is idle, too', async () => {
    expect(await left(withSubAgent(3))).toEqual(['c']);
  });
});

describe('a session under an odd name', () => {
  const day = '2026/11/20';
  it.each([
    `rollout-2026-11-20T09-00-00-123Z-${A}.jsonl`,
    `rollout-2026-11-20T09-00-00.123Z-${A}.jsonl`,
    `converted-${A}.jsonl`,
    `rollout-${A}.jsonl`,
    `rollout-2026-11-20T09-00-00-${A.toUpperCase()}.jsonl`,
  ])('is found: %s', async (name) => {
    const made = new Home();
    made.codex(B, 24);
    made.codex(C, 0.1);
    made.file(`.codex/sessions/${day}/${name}`, 0.1);
    made.writeMap({ 'codex-cli': { b: B, a: A, c: C } });
    const { sessions } = await made.runJson(['-n']);
    expect(sessions.map(({ state }) => state)).toEqual(['idle', 'active', 'active']);
  });

  it('is found whatever the case of its letters (Claude)', async () => {
    const id = 'abcdefab-0000-4000-8000-000000000001';
    const made = new Home();
    made.claude(id.toUpperCase(), 0.1);
    made.writeMap({ 'claude-cli': { a: id } });
    const { sessions } = await made.runJson(['-n']);
    expect(sessions).toMatchObject([{ state: 'active' }]);
  });

  it('is found when an imported one lies in the folder of an old day', async () => {
    const start = (Date.now() - HOUR_MS).toString(16).padStart(12, '0');
    const id = `${start.slice(0, 8)}-${start.slice(8)}-7000-8000-000000000000`;
    const made = new Home();
    made.codex(id, 0.1, '2024/01/05');
    made.writeMap({ 'codex-cli': { a: id } });
    const { sessions } = await made.runJson(['-n']);
    expect(sessions).toMatchObject([{ state: 'active' }]);
  });
});

describe('a value that means something else than a session', () => {
  it.each([
    ['gemini-cli', 'latest'],
    ['claude-cli', 'opus'],
  ])('is never removed as missing: %s %s', async (section, value) => {
    const made = new Home();
    made.claude(C, 0.1);
    made.gemini(C, 0.1);
    made.writeMap({ [section]: { odd: value, c: C } });
    await made.run(['--missing', 'remove']);
    made.letWait(9);
    expect(await left(made, ['--missing', 'remove'])).toEqual(['odd', 'c']);
  });
});

describe('a pipe where a CLI has a file', () => {
  it.each(['.gemini/tmp/work/.project_root', `.claude/sessions/${process.pid}.json`])(
    'is not waited for: %s',
    async (path) => {
      const made = new Home();
      made.gemini(A, 24);
      made.gemini(C, 0.1);
      mkdirSync(dirname(join(made.dir, path)), { recursive: true });
      execFileSync('mkfifo', [join(made.dir, path)]);
      made.writeMap({ 'gemini-cli': { a: A, c: C } });
      expect((await made.run(['list'])).stdout).toContain('gemini-cli');
      expect(await left(made)).toEqual(['c']);
    },
  );
});

describe('many old sub-agents beside the transcripts (Claude 2.0.55)', () => {
  it('keep the one session that one of them works for', async () => {
    const made = new Home();
    const sessions = Array.from({ length: 100 }, (_, at) => uuid(100 + at));
    for (const [at, session] of sessions.entries()) {
      made.claude(session, 5);
      for (const each of [0, 1, 2]) {
        const name = `agent-${(at * 3 + each).toString(16).padStart(8, '0')}.jsonl`;
        const line = `${JSON.stringify({ sessionId: session })}\n`;
        made.file(`.claude/projects/-srv-work/${name}`, at + each === 0 ? 0.1 : 9, line);
      }
    }
    made.writeMap({ 'claude-cli': Object.fromEntries(sessions.map((id, at) => [`c${at}`, id])) });
    expect(await left(made)).toEqual(['c0']);
  });

  it('are looked at again before the removal', async () => {
    const made = home((it) => {
      it.claude(A, 24);
      const path = it.file(
        '.claude/projects/-srv-work/agent-00000001.jsonl',
        48,
        `{"sessionId":"${A}"}\n`,
      );
      utimesSync(path, new Date(), new Date());
    });
    expect(await left(made)).toEqual(['a', 'c']);
  });
});
