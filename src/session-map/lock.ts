import { lstatSync, readFileSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, EXIT, errorCode, reason } from '../errors.js';
import { printable } from '../printable.js';

/** Not `session_map.json.lock`: that name is the bridge's, which may flock it. */
const LOCK_NAME = '.session_map.cleanup.lock';
/** Held for an instant, by the one run that removes a dead run's lock. */
const TAKEOVER_NAME = `${LOCK_NAME}.takeover`;

const WAIT_MS = 3000;
const PAUSE_MS = 50;
// A holder in another pid namespace can't be looked at; no run takes nearly as long as this.
const FOREIGN_STALE_MS = 30 * 60 * 1000;

/**
 * Keeps a second run of ours out of this directory until the returned function is called. A lock that
 * a killed run left is taken over.
 *
 * The lock is a symbolic link that points nowhere and names its holder: it is made in one step, with
 * all that is in it, and is never half-written.
 *
 * @throws CleanupError with exit status 75 when another run holds it for longer than 3 s
 */
export async function takeLock(directory: string): Promise<() => void> {
  const path = join(directory, LOCK_NAME);
  const deadline = performance.now() + WAIT_MS;
  try {
    while (!hold(path)) {
      if (takeOverDead(directory)) continue;
      if (performance.now() > deadline) throw heldError(path);
      await sleep(PAUSE_MS);
    }
  } catch (error) {
    if (error instanceof CleanupError) throw error;
    throw new CleanupError(
      `${printable(directory)}: can't lock the map: ${reason(error)}; nothing was changed. ` +
        'The run must be able to write in this directory',
    );
  }
  return () => {
    try {
      unlinkSync(path);
    } catch {
      // It stays behind as a dead process's lock, which the next run takes over.
    }
  };
}

/** The process that holds the lock right now; undefined when it is free or a dead run left it. */
export function lockHolder(directory: string): number | undefined {
  const path = join(directory, LOCK_NAME);
  const holder = readHolder(path);
  return holder !== undefined && !isDead(path, holder) ? holder.pid : undefined;
}

function heldError(path: string): CleanupError {
  const holder = readHolder(path);
  return new CleanupError(
    `another run (process ${holder?.pid ?? 'unknown'}) holds ${printable(path)}; nothing was done, ` +
      'try again when it has ended',
    EXIT.locked,
  );
}

function hold(path: string): boolean {
  try {
    symlinkSync(describe(ourselves()), path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a dead run's lock, or a dead run's claim to do so. Returns whether something was removed. */
function takeOverDead(directory: string): boolean {
  const path = join(directory, LOCK_NAME);
  const takeover = join(directory, TAKEOVER_NAME);
  if (!holdsDead(path)) return false;
  if (!hold(takeover)) {
    if (!holdsDead(takeover)) return false;
    unlinkIfThere(takeover);
    return true;
  }
  try {
    // Another run may have taken it over, and hold it, since the first look.
    if (holdsDead(path)) unlinkIfThere(path);
    return true;
  } finally {
    unlinkIfThere(takeover);
  }
}

function holdsDead(path: string): boolean {
  const holder = readHolder(path);
  return holder === undefined || isDead(path, holder);
}

/** Who holds a lock: a process id alone could be another process's by now. */
interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat, clock ticks since boot. */
  readonly start: string;
  readonly boot: string;
  /** The pid namespace that the pid counts in. */
  readonly namespace: string;
}

function isDead(path: string, holder: Holder): boolean {
  const self = ourselves();
  if (holder.boot !== self.boot) return true;
  if (holder.namespace !== self.namespace) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats !== undefined && Date.now() - stats.mtimeMs > FOREIGN_STALE_MS;
  }
  return processStart(holder.pid) !== holder.start;
}

function describe({ pid, start, boot, namespace }: Holder): string {
  return [pid, start, boot, namespace].join(' ');
}

/** The holder that a lock names; undefined when there is none, or nothing that we wrote. */
function readHolder(path: string): Holder | undefined {
  try {
    const [pid, start, boot, namespace] = readlinkSync(path).split(' ');
    if (start === undefined || boot === undefined || namespace === undefined) return undefined;
    return { pid: Number(pid), start, boot, namespace };
  } catch {
    return undefined;
  }
}

function ourselves(): Holder {
  return {
    pid: process.pid,
    start: processStart(process.pid) ?? '',
    boot: textOf('/proc/sys/kernel/random/boot_id'),
    namespace: readlinkSync('/proc/self/ns/pid'),
  };
}

/** When a process began (field 22 of /proc/<pid>/stat); undefined when there is no such process. */
export function processStart(pid: number): string | undefined {
  // The name in field 2 may hold anything, spaces and brackets too.
  const stat = textOf(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
