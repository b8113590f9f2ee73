import { lstatSync, readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, EXIT, errorCode, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import { processStart } from '../system/process-start.js';
import { unlinkIfThere, unlinkQuietly } from '../system/unlink.js';

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
      if (performance.now() > deadline) throw heldError(directory);
      await sleep(PAUSE_MS);
    }
  } catch (error) {
    if (error instanceof CleanupError) throw error;
    throw new CleanupError(
      `${printable(directory)}: can't lock the map: ${reason(error)}; nothing was changed. ` +
        'The run must be able to write in this directory',
    );
  }
  // One that stays behind is a dead process's lock, which the next run takes over.
  return () => unlinkQuietly(path);
}

/**
 * The process that holds the lock right now; undefined when it is free or a dead run left it.
 *
 * @throws CleanupError when another user has put something in its place
 */
export function lockHolder(directory: string): number | undefined {
  const held = look(join(directory, LOCK_NAME));
  return held.state === 'living' ? holderIn(held.text)?.pid : undefined;
}

function heldError(directory: string): CleanupError {
  const holder = lockHolder(directory) ?? 'that has just ended';
  return new CleanupError(
    `another run (process ${holder}) holds ${printable(join(directory, LOCK_NAME))}; nothing was done, ` +
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

/** Removes a dead run's lock, or a dead run's claim to do so. Returns whether there is another chance. */
function takeOverDead(directory: string): boolean {
  const path = join(directory, LOCK_NAME);
  const takeover = join(directory, TAKEOVER_NAME);
  const held = look(path);
  if (held.state !== 'dead') return held.state === 'free';
  if (!hold(takeover)) {
    const claim = look(takeover);
    if (claim.state === 'dead') dismiss(takeover, claim.text);
    return claim.state !== 'living';
  }
  try {
    // Another run may have taken it over, and hold it, since the first look.
    if (look(path).state === 'dead') unlinkIfThere(path);
    return true;
  } finally {
    unlinkIfThere(takeover);
  }
}

/** Takes a dead run's claim away: the very one that was looked at, not one that has taken its place. */
function dismiss(takeover: string, text: string): void {
  const aside = `${takeover}.${process.pid}`;
  try {
    renameSync(takeover, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if (textIn(aside) === text) unlinkIfThere(aside);
  else renameSync(aside, takeover);
}

/** What a lock says at this moment. */
type Look =
  | { readonly state: 'free' }
  | { readonly state: 'dead' | 'living'; readonly text: string };

function look(path: string): Look {
  const text = textIn(path);
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid;
  if (text === undefined || owner === undefined) return { state: 'free' };
  if (![0, process.geteuid?.()].includes(owner)) {
    throw new CleanupError(
      `${printable(path)}: belongs to user ${owner}: it is no lock of a run of yours, and keeps every run out; remove it`,
    );
  }
  const holder = holderIn(text);
  return { state: holder === undefined || isDead(path, holder) ? 'dead' : 'living', text };
}

/** Where a link points; empty for what is no link, undefined for nothing. */
function textIn(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'EINVAL') return '';
    throw error;
  }
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

/** The holder that a lock names; undefined for nothing that we wrote. */
function holderIn(text: string): Holder | undefined {
  const [pid, start, boot, namespace] = text.split(' ');
  if (start === undefined || boot === undefined || namespace === undefined) return undefined;
  return { pid: Number(pid), start, boot, namespace };
}

function ourselves(): Holder {
  return {
    pid: process.pid,
    start: processStart(process.pid) ?? '',
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    namespace: readlinkSync('/proc/self/ns/pid'),
  };
}
