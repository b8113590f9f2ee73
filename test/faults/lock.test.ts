import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Home } from '../support/home.js';
import { describeWith } from '../support/requirements.js';
import { homeToClean, NEW, OLD } from './home-to-clean.js';
import { runHaltedAt } from './traced.js';

const AT_THE_JOURNAL = { call: 'fsync', when: 1 };
const PATIENT = { timeout: 20_000 };

function lockOf(home: Home): string {
  return join(home.sessionDir, '.session_map.cleanup.lock');
}

function journalOf(home: Home): string {
  return join(home.sessionDir, 'session_map.removed.jsonl');
}

describeWith({ commands: ['strace'] })('two runs at once', () => {
  it('one works, the other says so and exits 75, a dry run looks', async () => {
    const home = homeToClean();
    const first = await runHaltedAt(home, { ...AT_THE_JOURNAL, path: journalOf(home) });

    const second = await home.run();
    const restore = await home.run(['restore', '--all']);
    const look = await home.runJson(['--dry-run']);

    for (const { status, stdout, stderr } of [second, restore]) {
      expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
      expect(stderr).toMatch(/^claude-session-cleanup: error: [^\n]+\n$/);
      expect(stderr).toContain(`another run (process ${first.pid}) holds ${lockOf(home)}`);
    }
    expect(look.summary).toMatchObject({ wouldRemove: 1 });
    expect(home.map).toEqual(OLD);
    expect(await first.goOn()).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(NEW);
    expect(home.beside).toEqual([
      'session_map.json',
      'session_map.last-run.json',
      'session_map.removed.jsonl',
    ]);
  });

  it('one that waits takes its turn when the other has ended', async () => {
    const home = homeToClean();
    const first = await runHaltedAt(home, { ...AT_THE_JOURNAL, path: journalOf(home) });
    const second = home.run(['--json']);
    // Until it has met the lock there is nothing to see from outside: it is given a moment.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const runs = [await first.goOn(), await second];
    expect(runs).toMatchObject([{ status: 0 }, { status: 0, stderr: '' }]);
    expect(JSON.parse(runs[1]?.stdout ?? '')).toMatchObject({
      summary: { checked: 1, removed: 0 },
    });
  });

  it('a killed one leaves a lock that holds nobody up', async () => {
    const home = homeToClean();
    const first = await runHaltedAt(home, { ...AT_THE_JOURNAL, path: journalOf(home) });
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(() => isThere(first.pid), PATIENT).toBe(false);
    expect(readlinkSync(lockOf(home))).toContain(String(first.pid));

    expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });

    expect(home.map).toEqual(NEW);
    expect(home.beside).toEqual([
      'session_map.json',
      'session_map.last-run.json',
      'session_map.removed.jsonl',
    ]);
  });
});

describeWith({})("a dead run's lock", () => {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const namespace = readlinkSync('/proc/self/ns/pid');
  const start = startOf(process.pid);

  it('as this test writes it is one that a living process holds', async () => {
    const home = homeToClean();
    symlinkSync([process.pid, start, boot, namespace].join(' '), lockOf(home));
    expect(await home.run(['-q'])).toMatchObject({ status: 75 });
  });

  it.each([
    ['whose number another process has by now', [process.pid, Number(start) - 1, boot, namespace]],
    ['of before the last boot', [process.pid, start, crypto.randomUUID(), namespace]],
    ['that says nothing', ['?']],
  ])('%s is taken over', async (_, holder) => {
    const home = homeToClean();
    symlinkSync(holder.join(' '), lockOf(home));
    expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(NEW);
    expect(home.beside).toEqual([
      'session_map.json',
      'session_map.last-run.json',
      'session_map.removed.jsonl',
    ]);
  });

  it('whose end nobody has asked for is taken over', async () => {
    const home = homeToClean();
    // A shell that has become something else never asks.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
    const zombie = Number(line);
    await expect
      .poll(() => readFileSync(`/proc/${zombie}/stat`, 'utf8'), PATIENT)
      .toContain(') Z ');
    symlinkSync([zombie, startOf(zombie), boot, namespace].join(' '), lockOf(home));
    expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(NEW);
  });

  it('is taken over by one of many runs that start at once', async () => {
    const home = homeToClean();
    symlinkSync([process.pid, Number(start) - 1, boot, namespace].join(' '), lockOf(home));
    const runs = await Promise.all(Array.from({ length: 4 }, () => home.runJson()));
    const removed = runs.map(({ summary }) => summary['removed'] ?? 0);
    expect(removed.sort()).toEqual([0, 0, 0, 1]);
    expect(home.map).toEqual(NEW);
    expect(home.beside).toEqual([
      'session_map.json',
      'session_map.last-run.json',
      'session_map.removed.jsonl',
    ]);
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Field 22 of /proc/<pid>/stat. */
function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
