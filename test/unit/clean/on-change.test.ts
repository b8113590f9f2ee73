import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runOnChange } from '../../../src/clean/on-change.js';
import type { Mapping } from '../../../src/session-map/parse.js';

const PATIENT = { timeout: 20_000 };

const SOME: readonly Mapping[] = Array.from({ length: 20_000 }, (_, n) => ({
  provider: 'claude-cli',
  family: 'claude',
  chat: `chat ${n}`,
  session: `session ${n}`,
  raw: `"session ${n}"`,
}));

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
  const failure = await runOnChange(`sleep 300 & echo $! > '${pidFile}'; wait`, SOME, '/map', 500);
  expect(failure).toBe('it took longer than 0.5 s, and was killed');
  await expect.poll(() => isAlive(Number(readFileSync(pidFile, 'utf8'))), PATIENT).toBe(false);
});

it('gives the command the removed mappings as lines of JSON', async () => {
  const lines = join(scratch(), 'lines');
  expect(await runOnChange(`cat > '${lines}'`, SOME, '/map')).toBeUndefined();
  const given = readFileSync(lines, 'utf8').trimEnd().split('\n');
  expect(given.map((line) => JSON.parse(line))).toEqual(
    SOME.map(({ provider, chat, session }) => ({ provider, chat, session })),
  );
});

it('does not mind a command that reads none, or only some of them', async () => {
  expect(await runOnChange('true', SOME, '/map')).toBeUndefined();
  expect(await runOnChange('exec <&-; sleep 0.1', SOME, '/map')).toBeUndefined();
  expect(await runOnChange('head -n 1 >/dev/null', SOME, '/map')).toBeUndefined();
});

it('tells by which signal a command ended', async () => {
  expect(await runOnChange('kill -TERM $$', SOME, '/map')).toBe('it was ended by SIGTERM');
});

it('hands on a signal that is to end the run, and comes back to tell', async () => {
  const ready = join(scratch(), 'ready');
  const running = runOnChange(`touch '${ready}'; sleep 300; true`, SOME, '/map');
  await expect.poll(() => existsSync(ready), PATIENT).toBe(true);
  process.kill(process.pid, 'SIGTERM');
  expect(await running).toBe('it was ended by SIGTERM');
});
