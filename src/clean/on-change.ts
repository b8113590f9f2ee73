import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ENDING_SIGNALS } from '../system/signals.js';

/** A restart of a bridge takes seconds; a command that hangs must not hang the hourly run. */
const ON_CHANGE_LIMIT_MS = 60_000;
const KILL_GRACE_MS = 2000;

/**
 * Runs the user's shell command after a run that removed mappings; its output goes to standard error.
 *
 * @param removed how many mappings were removed, for CLEANED_COUNT
 * @param map the map's path, for SESSION_MAP
 * @param limitMs after so many ms it is ended, with all that it has started
 * @returns what went wrong, in words; undefined when it succeeded in time
 */
export async function runOnChange(
  command: string,
  removed: number,
  map: string,
  limitMs = ON_CHANGE_LIMIT_MS,
): Promise<string | undefined> {
  // A process group of its own, so that the limit ends what the shell has started, too.
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['ignore', 2, 2],
    detached: true,
    env: { ...process.env, CLEANED_COUNT: String(removed), SESSION_MAP: map },
  });
  const signalGroup = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has just ended, or is root's by now, as a command of sudo's is.
    }
  };
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    signalGroup('SIGKILL');
  }, limitMs);
  // What is to end the run ends the command; the run still tells what it has done.
  for (const signal of ENDING_SIGNALS) process.on(signal, signalGroup);
  const given = new AbortController();
  const giveUp = setTimeout(() => given.abort(), limitMs + KILL_GRACE_MS);
  try {
    const ended = once(child, 'exit', { signal: given.signal });
    const [status, signal] = (await ended) as [number | null, string | null];
    if (isLate) return `it was ended after ${limitMs / 1000} s`;
    if (signal !== null) return `it was ended by ${signal}`;
    return status === 0 ? undefined : `it exited with status ${status}`;
  } catch (error) {
    if (given.signal.aborted) return `it goes on after ${limitMs / 1000} s and can't be ended`;
    return `it could not be started: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
    clearTimeout(giveUp);
    child.unref();
    for (const signal of ENDING_SIGNALS) process.off(signal, signalGroup);
  }
}
