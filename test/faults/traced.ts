import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Finished, Home } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';

const STOPPED = /^(\d+) +--- stopped by SIGSTOP ---$/m;
const PATIENT = { timeout: 30_000, interval: 10 };

/** A run that stands still at one of its system calls. */
export interface HaltedRun {
  readonly pid: number;
  /** Lets it go on to its end. */
  goOn(): Promise<Finished>;
}

/**
 * Starts the program and stops it, by a real SIGSTOP, at a system call: what the call does is
 * done, what comes after it is not.
 *
 * @param call the call's name, as strace has it
 * @param when the how-manieth such call, on this file if one is named, from 1
 * @param failing system calls that fail, on this file if one is named, as strace injects it: `link:error=EPERM`
 */
export async function runHaltedAt(
  home: Home,
  { call, when, path }: { call: string; when: number; path?: string },
  args: readonly string[] = [],
  failing: readonly string[] = [],
): Promise<HaltedRun> {
  const trace = join(home.dir, 'trace');
  writeFileSync(trace, '');
  const flags = ['-f', '-qq', '-o', trace, ...(path === undefined ? [] : ['-P', path])];
  const injections = [`${call}:signal=SIGSTOP:when=${when}`, ...failing];
  const calls = injections.map((injection) => injection.split(':', 1)[0]);
  const inject = [
    '-e',
    `trace=${calls.join(',')}`,
    ...injections.flatMap((injection) => ['-e', `inject=${injection}`]),
  ];
  const child = spawn(
    'strace',
    [...flags, ...inject, installedNode(), installedProgram(), ...args],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: home.dir,
        TZ: 'UTC',
        CLAUDE_SESSION_DIR: home.sessionDir,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
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
  const stopped = (): number => Number(STOPPED.exec(readFileSync(trace, 'utf8'))?.[1]);
  await expect.poll(stopped, PATIENT).toBeGreaterThan(0);
  const pid = stopped();
  onTestFinished(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has come to its end.
    }
  });
  return {
    pid,
    async goOn() {
      process.kill(pid, 'SIGCONT');
      return await finished;
    },
  };
}
