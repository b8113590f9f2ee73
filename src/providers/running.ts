import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, reason } from '../errors.js';
import { processStart } from '../system/process-start.js';
import { readBeginning } from '../system/read-beginning.js';
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

/** The sessions of a CLI to look for. */
export interface MappedCli {
  readonly family: Family;
  /** The CLI's own directory. */
  readonly root: string;
  /** In small letters, as the answer has them. */
  readonly sessions: ReadonlySet<string>;
}

/**
 * The sessions, out of these, whose CLI process runs right now, whatever their last activity: one look
 * at the machine's processes, and one at the signs that each CLI leaves in its directory.
 */
export function runningSessions(clis: readonly MappedCli[]): ReadonlyMap<Family, Running> {
  const signs = new Map(clis.map(({ family, sessions }) => [family, new Signs(sessions)]));
  readProcesses([...signs.values()]);
  for (const { family, root } of clis) {
    const ofCli = signs.get(family);
    if (ofCli !== undefined && family === 'claude') readClaudeRegistry(root, ofCli);
    if (ofCli !== undefined && family === 'codex') readCodexLocks(root, ofCli);
  }
  return signs;
}

/** The signs met so far. */
class Signs implements Running {
  readonly sessions = new Set<string>();
  readonly doubtful = new Set<string>();
  readonly obstacles: Unread[] = [];

  constructor(readonly wanted: ReadonlySet<string>) {}

  /** The session that is meant, whatever the case of its letters; undefined for one not looked for. */
  named(session: string): string | undefined {
    const id = session.toLowerCase();
    return this.wanted.has(id) ? id : undefined;
  }

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
function readProcesses(all: readonly Signs[]): void {
  let pids: number[] = [];
  try {
    pids = numbersOf(readdirSync('/proc'));
  } catch (error) {
    for (const signs of all) signs.hinder('/proc', error);
  }
  for (const pid of pids) {
    const line = pid === process.pid ? '' : commandLine(pid);
    if (line.length < SHORTEST_LINE) continue;
    const words = line.split('\0');
    for (const [at, word] of words.entries()) {
      const id = word.replace(/^--(?:resume|session-id)=/, '');
      for (const signs of all) {
        const session = signs.named(id);
        if (session === undefined) continue;
        const isTakenUp = id !== word || RESUMING.test(words[at - 1] ?? '');
        (isTakenUp ? signs.sessions : signs.doubtful).add(session);
      }
    }
  }
}

// A CLI's name and a session's id do not fit in fewer characters; a kernel thread has none.
const SHORTEST_LINE = 8;
const LINE = Buffer.alloc(64 * 1024);

/** The arguments of a process, each ended by a zero byte; '' when it has gone. */
function commandLine(pid: number): string {
  const path = `/proc/${pid}/cmdline`;
  try {
    const length = readBeginning(path, LINE);
    // The question itself may stand among them.
    return length < LINE.length ? LINE.toString('latin1', 0, length) : readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

interface Entry {
  readonly sessionId?: unknown;
  readonly procStart?: unknown;
}

const ENTRY = Buffer.alloc(64 * 1024);

/**
 * Claude Code keeps `sessions/<pid>.json` while a process runs (seen in 2.1.330), and leaves it after a
 * kill: `procStart` is field 22 of /proc/<pid>/stat and tells whether it is still that process. Another
 * user's process can be hidden from us: then its session may run.
 */
function readClaudeRegistry(root: string, signs: Signs): void {
  const folder = join(root, 'sessions');
  for (const pid of numbersOf(signs.namesIn(folder), '.json')) {
    const start = processStart(pid);
    if (start === undefined && !isHidden(pid)) continue;
    const path = join(folder, `${pid}.json`);
    try {
      const text = ENTRY.toString('utf8', 0, readBeginning(path, ENTRY));
      const { sessionId, procStart }: Entry = JSON.parse(text);
      const session = typeof sessionId === 'string' ? signs.named(sessionId) : undefined;
      if (session === undefined) continue;
      if (start === undefined) signs.doubtful.add(session);
      else if (procStart === undefined || String(procStart) === start) signs.sessions.add(session);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') signs.hinder(path, error);
    }
  }
}

/** Whether a process is there, though /proc does not show it (its mount option hidepid). */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'EPERM' && !existsSync(`/proc/${pid}`);
  }
}

/**
 * Codex CLI holds an flock on `thread-writer-locks/<id>.lock` while it runs (seen in 0.169); the file
 * stays behind, so its inode is looked up in /proc/locks. Where that can't be read, the file counts.
 */
function readCodexLocks(root: string, signs: Signs): void {
  const folder = join(root, 'thread-writer-locks');
  // Not before there is something to look up: the kernel takes some 10 ms for /proc/locks.
  let locked: ReadonlySet<number> | undefined | null = null;
  for (const name of signs.namesIn(folder)) {
    const session = name.endsWith(LOCK) ? signs.named(name.slice(0, -LOCK.length)) : undefined;
    if (session === undefined) continue;
    if (locked === null) locked = lockedInodes();
    const path = join(folder, name);
    try {
      if (locked === undefined || locked.has(statSync(path).ino)) signs.sessions.add(session);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') signs.hinder(path, error, [session]);
    }
  }
}

const LOCK = '.lock';
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
