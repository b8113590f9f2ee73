import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, reason } from '../errors.js';
import { processStart } from '../system/process-start.js';
import type { Obstacle } from './obstacle.js';
import type { Family } from './provider.js';

type Unread = Pick<Obstacle, 'path' | 'reason'>;

/** Which of a CLI's sessions run right now. */
export interface Running {
  readonly sessions: ReadonlySet<string>;
  /** Those that may run as well: a sign of it could not be looked at, or can be read either way. */
  readonly doubtful: ReadonlySet<string>;
  readonly obstacles: readonly Unread[];
}

/**
 * The sessions, out of these, whose CLI process runs right now, whatever their last activity.
 *
 * @param root the CLI's own directory
 */
export function runningSessions(
  family: Family,
  root: string,
  sessions: ReadonlySet<string>,
): Running {
  const signs = new Signs(sessions);
  readProcesses(signs);
  if (family === 'claude') readClaudeRegistry(root, signs);
  if (family === 'codex') readCodexLocks(root, signs);
  return signs;
}

/** The signs met so far. */
class Signs implements Running {
  readonly sessions = new Set<string>();
  readonly doubtful = new Set<string>();
  readonly obstacles: Unread[] = [];

  constructor(readonly wanted: ReadonlySet<string>) {}

  /** What hinders a look makes these sessions doubtful. */
  hinder(path: string, error: unknown, sessions: Iterable<string> = this.wanted): void {
    this.obstacles.push({ path, reason: reason(error) });
    for (const session of sessions) this.doubtful.add(session);
  }

  /** The names in a directory; one that is not there has none. */
  namesIn(folder: string): string[] {
    try {
      return readdirSync(folder);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.hinder(folder, error);
      return [];
    }
  }
}

// How the CLIs are told which session to take up.
const RESUMING = /^(?:--resume|-r|--session-id|resume)$/;

/**
 * Every CLI takes up a session by its id as an argument; Gemini leaves no other sign. An id that stands
 * elsewhere among a process's arguments may be a bridge's own way to start a CLI, or a search for it.
 */
function readProcesses(signs: Signs): void {
  for (const pid of numbersOf(signs.namesIn('/proc'))) {
    if (pid === process.pid) continue;
    const words = textOf(`/proc/${pid}/cmdline`).split('\0');
    for (const [at, word] of words.entries()) {
      const session = word.replace(/^--(?:resume|session-id)=/, '');
      if (!signs.wanted.has(session)) continue;
      const isTakenUp = session !== word || RESUMING.test(words[at - 1] ?? '');
      (isTakenUp ? signs.sessions : signs.doubtful).add(session);
    }
  }
}

interface Entry {
  readonly sessionId?: unknown;
  readonly procStart?: unknown;
}

/**
 * Claude Code keeps `sessions/<pid>.json` while a process runs (seen in 2.1.330), and leaves it after a
 * kill: `procStart` is field 22 of /proc/<pid>/stat and tells whether it is still that process.
 */
function readClaudeRegistry(root: string, signs: Signs): void {
  const folder = join(root, 'sessions');
  for (const pid of numbersOf(signs.namesIn(folder), '.json')) {
    const start = processStart(pid);
    if (start === undefined) continue;
    const path = join(folder, `${pid}.json`);
    try {
      const { sessionId, procStart }: Entry = JSON.parse(readFileSync(path, 'utf8'));
      const isSame = procStart === undefined || String(procStart) === start;
      if (isSame && typeof sessionId === 'string') signs.sessions.add(sessionId);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') signs.hinder(path, error);
    }
  }
}

/**
 * Codex CLI holds an flock on `thread-writer-locks/<id>.lock` while it runs (seen in 0.169); the file
 * stays behind, so its inode is looked up in /proc/locks. Where that can't be read, the file counts.
 */
function readCodexLocks(root: string, signs: Signs): void {
  const folder = join(root, 'thread-writer-locks');
  const locks = new Set(signs.namesIn(folder));
  // Not before there is something to look up: the kernel takes some 10 ms for /proc/locks.
  let locked: ReadonlySet<number> | undefined | null = null;
  for (const session of signs.wanted) {
    const name = `${session}.lock`;
    if (!locks.has(name)) continue;
    if (locked === null) locked = lockedInodes();
    const path = join(folder, name);
    try {
      if (locked === undefined || locked.has(statSync(path).ino)) signs.sessions.add(session);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') signs.hinder(path, error, [session]);
    }
  }
}

// 1: FLOCK  ADVISORY  WRITE 4711 fe:00:131085 0 EOF
const LOCK_LINE = / [0-9a-f]+:[0-9a-f]+:(\d+) /gim;

function lockedInodes(): ReadonlySet<number> | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/locks', 'utf8');
  } catch {
    return undefined;
  }
  return new Set(Array.from(text.matchAll(LOCK_LINE), (found) => Number(found[1])));
}

function numbersOf(names: readonly string[], ending = ''): number[] {
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => Number(name.slice(0, name.length - ending.length)))
    .filter((number) => Number.isInteger(number) && number > 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
