import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { age, HOUR_MS, Home, states, uuid, uuid7 } from '../support/home.js';

describe('idle', () => {
  it('is longer ago than the threshold, fractions of hours included', async () => {
    const home = new Home();
    home.claude(uuid(1), 0.3);
    home.claude(uuid(2), 0.2);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
    expect(states(await home.runJson(['-n', '--hours', '0.25']))).toEqual({
      a: 'idle',
      b: 'active',
    });
  });

  it('is not a time in the future', async () => {
    const home = new Home();
    home.claude(uuid(1), -48);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const { stdout } = await home.run(['-n']);
    expect(stdout).toContain('active (idle 0.0h');
  });
});

describe('a mapping without a transcript', () => {
  function homeWithOneMissing(): Home {
    const home = new Home();
    home.claude(uuid(1), 0.1);
    home.writeMap({ 'claude-cli': { here: uuid(1), gone: uuid(2) }, 'codex-cli': { c: uuid(3) } });
    return home;
  }

  it('is kept', async () => {
    const home = homeWithOneMissing();
    const text = home.mapText;
    expect(await home.run()).toMatchObject({ status: 0 });
    expect(home.mapText).toBe(text);
  });

  it('goes with --missing remove, when runs have seen it so for longer than the threshold', async () => {
    const home = homeWithOneMissing();
    const before = home.map;
    await home.run(['--missing', 'remove']);
    await home.run(['--missing', 'remove']);
    expect(home.map).toEqual(before);
    home.letWait(2.1);
    const { status, stdout } = await home.run(['--missing', 'remove']);
    expect(status).toBe(1);
    expect(home.map).toEqual({ 'claude-cli': { here: uuid(1) }, 'codex-cli': { c: uuid(3) } });
    // Without a transcript there is nothing to --resume.
    expect(stdout).toContain("Removed mapping ('restore' puts it back)");
  });

  it('stays when all of a CLI lack one: probably the wrong user or HOME', async () => {
    const home = new Home();
    home.claude(uuid(9), 0.1);
    const text = home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
    const kept = await home.run([]);
    expect(kept.status).toBe(0);
    expect(kept.stderr).toMatch(/wrong user or the wrong HOME.*doctor/);
    const { status, stderr } = await home.run(['--missing', 'remove']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/wrong user or the wrong HOME.*doctor/);
    expect(home.mapText).toBe(text);
  });
});

describe('the only mapped session of a CLI, without a transcript', () => {
  function homeWithOne(): Home {
    const home = new Home();
    home.claude(uuid(9), 0.1);
    // Two chats of one session are no two sessions.
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(1), odd: '*' } });
    return home;
  }

  it('is nothing to speak of where other transcripts are: the CLI deletes old ones', async () => {
    const { status, stderr } = await homeWithOne().run();
    expect(status).toBe(0);
    expect(stderr).not.toMatch(/transcript/);
  });

  it('is so where the others are older than every mapped session (Codex)', async () => {
    const home = new Home();
    home.codex(uuid7('2025-01-05'), 5, '2025/01/05');
    home.writeMap({ 'codex-cli': { a: uuid7('2026-11-20') } });
    expect(await home.run()).toMatchObject({ status: 0, stderr: '' });
    const { status, stderr } = await home.run(['--missing', 'remove']);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /warning: Codex CLI: none of its mapped sessions \(1\) .* 1 mapping of it stayed/,
    );
  });

  it('stays with --missing remove, too, which says so', async () => {
    const home = homeWithOne();
    const text = home.mapText;
    const { status, stderr } = await home.run(['--missing', 'remove']);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /warning: Claude Code: none of its mapped sessions \(1\) .* 2 mappings of it stayed/,
    );
    expect(home.mapText).toBe(text);
  });
});

describe('--max-remove', () => {
  it.each([
    ['2', 1, 3],
    ['3', 0, 0],
    ['74%', 1, 3],
    ['75%', 0, 0],
    ['0', 1, 3],
  ])('%s of 3 in 4: exit %i, %i idle ones left', async (limit, status, left) => {
    const home = new Home();
    for (const number of [1, 2, 3]) home.claude(uuid(number), 5);
    home.claude(uuid(4), 0.1);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2), c: uuid(3), d: uuid(4) } });
    const finished = await home.run(['--max-remove', limit]);
    expect(finished.status).toBe(status);
    expect(Object.keys(JSON.parse(home.mapText)['claude-cli'])).toHaveLength(left + 1);
    if (status === 1) expect(finished.stderr).toContain('--max-remove');
  });
});

describe('a clock that is behind', () => {
  it('the map by more than a few minutes: nothing goes, exit 1', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    const text = home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const later = new Date(Date.now() + HOUR_MS);
    utimesSync(home.mapPath, later, later);
    const { status, stderr } = await home.run();
    expect(status).toBe(1);
    expect(stderr).toMatch(/clock of .* behind the map/);
    expect(home.mapText).toBe(text);
  });
});

describe('a session whose process runs', () => {
  // Something that lives as long as the test. Every test on the machine sees its command line: sessions
  // that are named there must be no others'.
  function sleeper(...words: string[]): number {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)', '--', ...words]);
    onTestFinished(() => void child.kill('SIGKILL'));
    if (child.pid === undefined) throw new Error('no process');
    return child.pid;
  }

  function startOf(pid: number): string {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  }

  function claudeRegistry(home: Home, pid: number, session: string, procStart?: string): void {
    const folder = join(home.dir, '.claude/sessions');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `${pid}.json`),
      JSON.stringify({ pid, sessionId: session, procStart }),
    );
  }

  it("is seen in Claude's registry, while it is that process", async () => {
    const home = new Home();
    for (const number of [1, 2, 3]) home.claude(uuid(number), 5);
    const pid = sleeper();
    const other = sleeper();
    claudeRegistry(home, pid, uuid(1), startOf(pid));
    claudeRegistry(home, other, uuid(2), '12345');
    claudeRegistry(home, 4_000_000, uuid(3), '1');
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2), c: uuid(3) } });
    const report = await home.runJson(['--keep-running']);
    expect(report.sessions.map(({ running, action }) => [running, action])).toEqual([
      [true, 'kept'],
      [false, 'removed'],
      [false, 'removed'],
    ]);
    expect(home.map).toEqual({ 'claude-cli': { a: uuid(1) } });
  });

  it("is seen in Claude's registry of a version that tells no start of the process", async () => {
    const home = new Home();
    for (const number of [1, 2]) home.claude(uuid(number), 5);
    claudeRegistry(home, sleeper(), uuid(1));
    claudeRegistry(home, 4_000_000, uuid(2));
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
    await home.run(['--keep-running']);
    expect(home.map).toEqual({ 'claude-cli': { a: uuid(1) } });
  });

  it('is seen by the id on its command line', async () => {
    const home = new Home();
    const session = randomUUID();
    home.gemini(session, 5);
    home.gemini(uuid(2), 5);
    sleeper('--resume', session);
    home.writeMap({ 'gemini-cli': { a: session, b: uuid(2) } });
    await home.run(['--keep-running']);
    expect(home.map).toEqual({ 'gemini-cli': { a: session } });
  });

  it('is seen by the lock that Codex holds, not by the file that it leaves behind', async () => {
    const home = new Home();
    home.codex(uuid(1), 5);
    home.codex(uuid(2), 5);
    const lock = home.file(`.codex/thread-writer-locks/${uuid(1)}.lock`, 5, '');
    home.file(`.codex/thread-writer-locks/${uuid(2)}.lock`, 5, '');
    const holder = spawn('flock', ['--no-fork', lock, 'sh', '-c', 'echo held; exec sleep 60']);
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    home.writeMap({ 'codex-cli': { a: uuid(1), b: uuid(2) } });
    await home.run(['--keep-running']);
    expect(home.map).toEqual({ 'codex-cli': { a: uuid(1) } });
  });

  it('goes all the same with --no-keep-running, and the JSON tells', async () => {
    const home = new Home();
    const session = randomUUID();
    home.claude(session, 5);
    sleeper('--resume', session);
    home.writeMap({ 'claude-cli': { a: session } });
    const report = await home.runJson(['--no-keep-running']);
    expect(report.sessions[0]).toMatchObject({ running: true, action: 'removed' });
  });
});

describe('a session that becomes active', () => {
  it('after it was idle stays mapped', async () => {
    const home = new Home();
    const file = home.claude(uuid(1), 5);
    const text = home.writeMap({ 'claude-cli': { a: uuid(1) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle' });
    age(file, 0);
    await home.run();
    expect(home.mapText).toBe(text);
  });
});
