import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Finished, Home } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';

const STOPPED = /^(\d+) +--- stopped by SIGSTOP ---$/gm;
const PATIENT = { timeout: 30_000, interval: 10 };
const WAKING_PAUSE_MS = 20;

/** A run that stands still at one of its system calls. */
export interface HaltedRun {
  readonly pid: number;
  /** Lets it go on to where it stands still the next time. */
  goOnToNextHalt(): Promise<void>;
  /** Lets it go on to its end. */
  goOn(): Promise<Finished>;
}

/** Starts the program under strace; what strace sees is in the file `trace`. */
export function runTraced(
  home: Home,
  flags: readonly string[],
  args: readonly string[] = [],
): { readonly trace: string; readonly finished: Promise<Finished> } {
  const trace = join(home.dir, 'trace');
  writeFileSync(trace, '');
  const strace = ['-f', '-qq', '-o', trace, ...flags];
  const child = spawn('strace', [...strace, installedNode(), installedProgram(), ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: home.dir,
      TZ: 'UTC',
      CLAUDE_SESSION_DIR: home.sessionDir,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const streams = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      streams[name] += text;
    });
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, ...streams }));
  });
  return { trace, finished };
}

/**
 * Starts the program and stops it, by a real SIGSTOP, at a system call: what the call does is
 * done, what comes after it is not.
 *
 * @param call the call's name, as strace has it
 * @param when the how-manieth such call, on this file if one is named, from 1; `5+3` is the fifth one
 *   and every third after it
 * @param failing system calls that fail, on this file if one is named, as strace injects it: `link:error=EPERM`
 */
export async function runHaltedAt(
  home: Home,
  { call, when, path }: { call: string; when: number | string; path?: string },
  args: readonly string[] = [],
  failing: readonly string[] = [],
): Promise<HaltedRun> {
  const injections = [`${call}:signal=SIGSTOP:when=${when}`, ...failing];
  const calls = injections.map((injection) => injection.split(':', 1)[0]);
  const { trace, finished } = runTraced(
    home,
    [
      ...(path === undefined ? [] : ['-P', path]),
      '-e',
      `trace=${calls.join(',')}`,
      ...injections.flatMap((injection) => ['-e', `inject=${injection}`]),
    ],
    args,
  );
  const halts = (): number[] =>
    Array.from(readFileSync(trace, 'utf8').matchAll(STOPPED), ([, halted]) => Number(halted));
  const nextHalt = async (before: number): Promise<void> => {
    await expect.poll(() => halts().length, PATIENT).toBeGreaterThan(before);
  };
  await nextHalt(0);
  const [pid = 0] = halts();
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(pid, name);
    } catch {
      // It has come to its end.
    }
  };
  onTestFinished(() => signal('SIGKILL'));
  return {
    pid,
    async goOnToNextHalt() {
      const before = halts().length;
      signal('SIGCONT');
      await nextHalt(before);
    },
    async goOn() {
      signal('SIGCONT');
      // It may stand still again.
      const waking = setInterval(() => signal('SIGCONT'), WAKING_PAUSE_MS);
      try {
        return await finished;
      } finally {
        clearInterval(waking);
      }
    },
  };
}
