import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Running, runningSessions } from '../../../src/providers/running.js';
import type { Family } from '../../../src/session-map/family.js';
import { newRoot, put } from './directory.js';

let root: string;

beforeEach(() => {
  root = newRoot();
});

function file(path: string, content: string): string {
  return put(join(root, path), content);
}

/** What runs of a CLI's sessions. */
function look(family: Family, ...sessions: string[]): Running {
  const running = runningSessions([{ family, root, sessions: new Set(sessions) }]).get(family);
  if (running === undefined) throw new Error('no answer');
  return running;
}

const NOTHING = { sessions: new Set(), doubtful: new Set(), obstacles: [] };
const runs = (...sessions: string[]) => ({ ...NOTHING, sessions: new Set(sessions) });
const mayRun = (...sessions: string[]) => ({ ...NOTHING, doubtful: new Set(sessions) });

/** A process that lives as long as the test, with these words among its arguments. */
async function started(...words: string[]): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)', '--', ...words]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child as ChildProcess & { readonly pid: number };
}

/** Waits until a file says something. */
async function shows(path: string, what: RegExp): Promise<void> {
  while (!what.test(readFileSync(path, 'utf8'))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the arguments of a process', () => {
  it.each([
    ['--resume', (id: string) => ['--resume', id]],
    ['-r', (id: string) => ['-r', id]],
    ['--session-id', (id: string) => ['--session-id', id]],
    ['resume', (id: string) => ['exec', 'resume', id]],
    ['--resume=', (id: string) => [`--resume=${id}`]],
    ['--session-id=', (id: string) => [`--session-id=${id}`]],
  ])('show that it has taken up a session: %s', async (_name, words) => {
    const id = randomUUID();
    await started(...words(id));
    expect(look('gemini', id, randomUUID())).toMatchObject(runs(id));
  });

  it('show it whatever the case of the letters', async () => {
    const id = randomUUID();
    await started('--resume', id.toUpperCase());
    expect(look('claude', id)).toMatchObject(runs(id));
  });

  it.each([
    ['the id alone', (id: string) => [id]],
    ['an option that only ends so', (id: string) => ['no-resume', id]],
    ['an option that only begins so', (id: string) => ['--resume-later', id]],
  ])('leave it open where it is only named: %s', async (_name, words) => {
    const id = randomUUID();
    await started(...words(id));
    expect(look('codex', id)).toMatchObject(mayRun(id));
  });

  it('show nothing where the id is a part of a word', async () => {
    const id = randomUUID();
    await started('--resume', `x${id}`, `/tmp/${id}.jsonl`, `x--resume=${id}`);
    expect(look('claude', id)).toMatchObject(NOTHING);
  });

  it('are seen for each CLI that has the session', async () => {
    const id = randomUUID();
    await started('--resume', id);
    const sessions = new Set([id]);
    const clis = (['claude', 'gemini', 'codex'] as const).map((family) => ({
      family,
      root,
      sessions,
    }));
    for (const running of runningSessions(clis).values()) expect(running).toMatchObject(runs(id));
  });
});

describe("an entry of Claude Code's registry", () => {
  const ID = '01010101-0101-4101-8101-010101010101';

  function entry(pid: number | string, content: object | string): string {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    return file(`sessions/${pid}.json`, text);
  }

  /** Field 22 of /proc/<pid>/stat. */
  function startOf(pid: number): string {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  }

  it('counts while it is that process', async () => {
    const { pid } = await started();
    entry(pid, { pid, sessionId: ID, procStart: startOf(pid) });
    expect(look('claude', ID)).toMatchObject(runs(ID));
  });

  it('counts when its start is a number', async () => {
    const { pid } = await started();
    entry(pid, { pid, sessionId: ID, procStart: Number(startOf(pid)) });
    expect(look('claude', ID)).toMatchObject(runs(ID));
  });

  it('of a version that tells no start counts while there is such a process', async () => {
    const { pid } = await started();
    entry(pid, { pid, sessionId: ID.toUpperCase() });
    expect(look('claude', ID)).toMatchObject(runs(ID));
  });

  it('is a left-over when the process is another one, or has ended', async () => {
    const { pid } = await started();
    entry(pid, { pid, sessionId: ID, procStart: '1' });
    entry(4_000_000, 'not even read');
    expect(look('claude', ID)).toMatchObject(NOTHING);
  });

  it('is a left-over of a process whose end its parent has not asked for', async () => {
    // The shell asks how its own children end; what it has become does not.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [shown] = await once(parent.stdout, 'data');
    const pid = Number(String(shown));
    await shows(`/proc/${parent.pid}/stat`, /\(sleep\)/);
    process.kill(pid, 'SIGKILL');
    await shows(`/proc/${pid}/stat`, /\) Z /);
    entry(pid, { sessionId: ID });
    expect(look('claude', ID)).toMatchObject(NOTHING);
  });

  it('of another session is nothing to us', async () => {
    const { pid } = await started();
    entry(pid, { pid, sessionId: randomUUID() });
    entry(process.pid, { pid });
    entry('x', 'no number');
    entry('-1', 'no number of a process');
    file(`sessions/${pid}.json.tmp`, 'another ending');
    expect(look('claude', ID)).toMatchObject(NOTHING);
  });

  it.each(['{', 'null'])('that makes no sense may be of any session: %s', (text) => {
    const path = entry(process.pid, text);
    const { doubtful, obstacles } = look('claude', ID);
    expect(doubtful).toEqual(new Set([ID]));
    expect(obstacles).toMatchObject([{ path }]);
  });

  it("is not looked for in another CLI's directory", () => {
    entry(process.pid, { sessionId: ID });
    expect(look('codex', ID)).toMatchObject(NOTHING);
  });
});

describe("Codex's lock of a session", () => {
  const [A, B] = ['0199b1c2-3d4e-7f00-8a1b-00000000000a', '0199b1c2-3d4e-7f00-8a1b-00000000000b'];

  function lock(session: string): string {
    return file(`thread-writer-locks/${session}.lock`, '');
  }

  it('counts while it is held, not by its file alone', async () => {
    const held = lock(A);
    lock(B);
    const holder = spawn('flock', ['--no-fork', held, 'sh', '-c', 'echo held; exec sleep 60']);
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    expect(look('codex', A, B)).toEqual(expect.objectContaining(runs(A)));
    expect(look('claude', A, B)).toMatchObject(NOTHING);
  });

  it('that can not be looked at makes that session doubtful alone', () => {
    const path = join(root, `thread-writer-locks/${A}.lock`);
    mkdirSync(dirname(path));
    symlinkSync(path, path);
    const obstacles = [{ path, reason: 'too many symbolic links' }];
    expect(look('codex', A, B)).toMatchObject({ ...mayRun(A), obstacles });
  });

  it('is gone when a link in its place leads nowhere', () => {
    const path = join(root, `thread-writer-locks/${A}.lock`);
    mkdirSync(dirname(path));
    symlinkSync('/nowhere', path);
    expect(look('codex', A)).toMatchObject(NOTHING);
  });
});

describe('a directory of such signs', () => {
  it.each([
    ['claude', 'sessions'],
    ['codex', 'thread-writer-locks'],
  ] as const)('of %s that can not be read makes all its sessions doubtful', (family, name) => {
    const path = file(name, 'no directory');
    const obstacles = [{ path, reason: 'not a directory' }];
    expect(look(family, 'a', 'b')).toMatchObject({ ...mayRun('a', 'b'), obstacles });
  });

  it.each(['claude', 'codex', 'gemini'] as const)('of %s need not be there', (family) => {
    expect(look(family, 'a')).toMatchObject(NOTHING);
  });
});
