import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { millisecondsInMinute } from 'date-fns/constants';
import { CleanupError, reason } from '../errors.js';
import { counted } from '../output/counted.js';
import type { Problems } from '../output/problems.js';
import { hasMapping } from '../session-map/by-chat.js';
import type { MapLocation } from '../session-map/location.js';
import type { Mapping } from '../session-map/parse.js';
import { readMap } from '../session-map/read.js';
import { ENDING_SIGNALS } from '../system/signals.js';

// A bridge that is stopped may save once more.
const SAVING_MS = 1000;
/** A restart of a bridge takes seconds; a command that hangs must not hang the hourly run. */
const ON_CHANGE_LIMIT_MS = millisecondsInMinute;

/** Runs the command of --on-change, and looks afterwards whether the mappings have stayed away. */
export async function announceChange(
  command: string,
  removed: readonly Mapping[],
  { path }: MapLocation,
  problems: Problems,
): Promise<void> {
  const failure = await runOnChange(command, removed, path);
  if (failure !== undefined) {
    problems.error(`the --on-change command failed: ${failure}; the map stays cleaned`);
  }
  await sleep(SAVING_MS);
  try {
    const back = removed.filter(hasMapping((await readMap(path))?.map)).length;
    if (back === 0) return;
    problems.error(
      `${counted(back, 'removed mapping')} came back with the --on-change command: a bridge saved its memory over the map`,
      'give its address with --bridge-url, or end it without letting it save (systemctl kill -s KILL)',
    );
  } catch (error) {
    if (!(error instanceof CleanupError)) throw error;
    problems.error(error.message);
  }
}

/**
 * Runs the user's shell command after a run that removed mappings; its output goes to standard error.
 *
 * @param removed the mappings, as JSON lines for its standard input; their number is CLEANED_COUNT
 * @param map the map's path, for SESSION_MAP
 * @param limitMs after so many ms it is ended, with all that it has started
 * @returns what went wrong, in words; undefined when it succeeded in time
 */
export async function runOnChange(
  command: string,
  removed: readonly Mapping[],
  map: string,
  limitMs = ON_CHANGE_LIMIT_MS,
): Promise<string | undefined> {
  const lines = removed.map(
    ({ provider, chat, session }) => `${JSON.stringify({ provider, chat, session })}\n`,
  );
  // A process group of its own, so that the limit ends what the shell has started, too.
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['pipe', 2, 2],
    detached: true,
    env: { ...process.env, CLEANED_COUNT: String(removed.length), SESSION_MAP: map },
  });
  // A command need not read them.
  child.stdin?.on('error', () => {}).end(lines.join(''));
  const signalGroup = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has just ended, or is root's by now, as a command of sudo's is.
    }
  };
  // What is to end the run ends the command; the run still tells what it has done.
  for (const signal of ENDING_SIGNALS) process.on(signal, signalGroup);
  const limit = AbortSignal.timeout(limitMs);
  try {
    const ended = once(child, 'exit', { signal: limit });
    const [status, signal] = (await ended) as [number | null, string | null];
    if (signal !== null) return `it was ended by ${signal}`;
    return status === 0 ? undefined : `it exited with status ${status}`;
  } catch (error) {
    if (!limit.aborted) return `it could not be started: ${reason(error)}`;
    signalGroup('SIGKILL');
    return `it took longer than ${limitMs / 1000} s, and was killed`;
  } finally {
    child.stdin?.destroy();
    child.unref();
    for (const signal of ENDING_SIGNALS) process.off(signal, signalGroup);
  }
}
