import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A restart of a bridge takes seconds; a command that hangs must not hang the hourly run. */
const ON_CHANGE_LIMIT_MS = 60_000;

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
  let isLate = false;
  const endGroup = (): void => {
    isLate = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  const timer = setTimeout(endGroup, limitMs);
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (isLate) return `it was ended after ${limitMs / 1000} s`;
    if (signal !== null) return `it was ended by ${signal}`;
    return status === 0 ? undefined : `it exited with status ${status}`;
  } catch (error) {
    return `it could not be started: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
  }
}
