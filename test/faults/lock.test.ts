import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { holdLock, lockOf } from '../support/lock.js';
import { describeWith } from '../support/requirements.js';
import { homeToClean, journalOf, NEW, OLD } from './home-to-clean.js';
import { runHaltedAt, runTraced } from './traced.js';

const KEPT = ['session_map.json', 'session_map.last-run.json', 'session_map.removed.jsonl'];
const PATIENT = { timeout: 20_000, interval: 10 };

describeWith({ commands: ['strace', 'flock'] })('two runs at once', () => {
  it('one works, the other says so and exits 75, a dry run looks', async () => {
    const home = homeToClean();
    const first = await runHaltedAt(home, { call: 'fsync', when: 1, path: journalOf(home) });

    const second = await home.run();
    const restore = await home.run(['restore', '--all']);
    const look = await home.runJson(['--dry-run']);

    for (const { status, stdout, stderr } of [second, restore]) {
      expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
      expect(stderr).toMatch(/^claude-session-cleanup: error: [^\n]+\n$/);
      expect(stderr).toContain(`another run holds ${lockOf(home)}`);
    }
    expect(look.summary).toMatchObject({ wouldRemove: 1 });
    expect(home.map).toEqual(OLD);
    expect(await first.goOn()).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(NEW);
    expect(home.beside).toEqual(KEPT);
  });

  it('one that waits takes its turn when the other has ended', async () => {
    const home = homeToClean();
    const release = await holdLock(home);
    const { trace, finished } = runTraced(home, ['-e', 'trace=flock']);
    const hasWaited = (): boolean => readFileSync(trace, 'utf8').includes('EAGAIN');
    await expect.poll(hasWaited, PATIENT).toBe(true);
    expect(home.map).toEqual(OLD);

    release();

    expect(await finished).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(NEW);
    expect(home.beside).toEqual(KEPT);
  });

  it('of many one removes, and each does its work', async () => {
    const home = homeToClean();
    const runs = await Promise.all(Array.from({ length: 4 }, () => home.runJson()));
    const removed = runs.map(({ summary }) => summary['removed'] ?? 0);
    expect(removed.sort()).toEqual([0, 0, 0, 1]);
    expect(home.map).toEqual(NEW);
    expect(home.beside).toEqual(KEPT);
  });
});

describeWith({ commands: ['strace', 'flock'] })('the lock of a run that has ended', () => {
  it('by a kill holds nobody up', async () => {
    const home = homeToClean();
    const first = await runHaltedAt(home, { call: 'fsync', when: 1, path: journalOf(home) });
    process.kill(first.pid, 'SIGKILL');
    await first.goOn();
    expect(existsSync(lockOf(home))).toBe(true);

    expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });

    expect(home.map).toEqual(NEW);
    expect(home.beside).toEqual(KEPT);
  });

  it.each([
    ['is a file', (path: string) => writeFileSync(path, '')],
    ['is a link, as in version 1.0', (path: string) => symlinkSync('1 2 3 4', path)],
  ])('and that %s holds nobody up', async (_, leave) => {
    const home = homeToClean();
    leave(lockOf(home));
    expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(NEW);
    expect(home.beside).toEqual(KEPT);
  });
});

describeWith({ root: true, commands: ['unshare', 'flock'] })('a lock of another container', () => {
  it('keeps a run out while it is held, and no longer', async () => {
    const home = homeToClean();
    const held = join(home.dir, 'held');
    const container = spawn(
      'unshare',
      ['-mupf', '--kill-child', 'flock', lockOf(home), 'sh', '-c', `: >${held}; exec sleep 600`],
      { stdio: 'ignore' },
    );
    await expect.poll(() => existsSync(held), PATIENT).toBe(true);

    const { status, stderr } = await home.run(['-q']);
    expect({ status, map: home.map }).toEqual({ status: 75, map: OLD });
    expect(stderr).toContain('another run holds');

    container.kill('SIGKILL');
    await once(container, 'exit');
    await expect.poll(async () => (await home.run(['-q'])).status, PATIENT).toBe(0);
    expect(home.map).toEqual(NEW);
  });
});

describeWith({ root: true, commands: ['strace'] })('a file system without locks', () => {
  it.each(['ENOLCK', 'EOPNOTSUPP'])('that answers %s is named in one line', async (error) => {
    const home = homeToClean();
    const { finished } = runTraced(home, ['-e', `inject=flock:error=${error}`]);
    const { status, stdout, stderr } = await finished;
    expect({ status, stdout, map: home.map }).toEqual({ status: 1, stdout: '', map: OLD });
    expect(stderr).toMatch(/^claude-session-cleanup: error: [^\n]+has locks \(flock\)\n$/);
  });
});
