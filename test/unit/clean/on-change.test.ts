import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runOnChange } from '../../../src/clean/on-change.js';

const PATIENT = { timeout: 20_000 };

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'cleanup-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Whether a process is there and no zombie that waits for its parent. */
function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}

it('ends a command that takes too long, with all that it has started', async () => {
  const pidFile = join(scratch(), 'pid');
  const failure = await runOnChange(`sleep 300 & echo $! > '${pidFile}'; wait`, 1, '/map', 500);
  expect(failure).toBe('it was ended after 0.5 s');
  await expect.poll(() => isAlive(Number(readFileSync(pidFile, 'utf8'))), PATIENT).toBe(false);
});

it('tells by which signal a command ended', async () => {
  expect(await runOnChange('kill -TERM $$', 1, '/map')).toBe('it was ended by SIGTERM');
});

it('hands on a signal that is to end the run, and comes back to tell', async () => {
  const ready = join(scratch(), 'ready');
  const running = runOnChange(`touch '${ready}'; sleep 300; true`, 1, '/map');
  await expect.poll(() => existsSync(ready), PATIENT).toBe(true);
  process.kill(process.pid, 'SIGTERM');
  expect(await running).toBe('it was ended by SIGTERM');
});
