import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, reason } from '../errors.js';
import type { Family } from '../session-map/family.js';
import type { JsonRecord } from '../system/json.js';
import { textOf } from '../system/open.js';
import { readBeginning } from '../system/read-beginning.js';

/** Which of a CLI's sessions run right now. */
export interface Running {
  readonly sessions: ReadonlySet<string>;
  /** Those that may run as well: a sign of it could not be looked at, or can be read either way. */
  readonly doubtful: ReadonlySet<string>;
  readonly obstacles: readonly { readonly path: string; readonly reason: string }[];
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
  const found = clis.map((cli) => ({ ...cli, signs: new Signs(cli.sessions) }));
  readProcesses(found.map(({ signs }) => signs));
  for (const { family, root, signs } of found) {
    if (family === 'claude') readClaudeRegistry(root, signs);
    if (family === 'codex') readCodexLocks(root, signs);
  }
  return new Map(found.map(({ family, signs }) => [family, signs]));
}

/** The signs met so far. */
class Signs implements Running {
  readonly sessions = new Set<string>();
  readonly doubtful = new Set<string>();
  readonly obstacles: { path: string; reason: string }[] = [];

  constructor(readonly wanted: ReadonlySet<string>) {}

  /** Takes in a sign that a session runs, or may run. */
  add(session: string, isSure: boolean): void {
    const id = session.toLowerCase();
    if (this.wanted.has(id)) (isSure ? this.sessions : this.doubtful).add(id);
  }

  /** What hinders a look makes all sessions doubtful that it may be a sign of. */
  hinder(path: string, error: unknown, sessions: Iterable<string> = this.wanted): void {
    this.obstacles.push({ path, reason: reason(error) });
    for (const session of sessions) this.add(session, false);
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
    const words = pid === process.pid ? [] : textOf(`/proc/${pid}/cmdline`).split('\0');
    for (const [at, word] of words.entries()) {
      const id = word.replace(/^--(?:resume|session-id)=/, '');
      const isTakenUp = id !== word || RESUMING.test(words[at - 1] ?? '');
      for (const signs of all) signs.add(id, isTakenUp);
    }
  }
}

const MOST_BYTES = 64 * 1024;

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
      const { text } = readBeginning(path, MOST_BYTES);
      const { sessionId, procStart }: JsonRecord = JSON.parse(text);
      const isOther = start !== undefined && procStart !== undefined && String(procStart) !== start;
      if (!isOther) signs.add(String(sessionId), start !== undefined);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') signs.hinder(path, error);
    }
  }
}

/** When a process began (field 22 of /proc/<pid>/stat); undefined when there is none, or it has ended. */
function processStart(pid: number): string | undefined {
  // The name in field 2 may hold anything, spaces and brackets too.
  const stat = textOf(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const hasEnded = ['Z', 'X'].includes(fields[0] ?? '');
  return hasEnded ? undefined : fields[19];
}

/** Whether there is a process that is another user's and that /proc does not show (option hidepid). */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

// 1: FLOCK  ADVISORY  WRITE 4711 fe:00:131085 0 EOF
const LOCKED_INODE = /(?<= [0-9a-f]+:[0-9a-f]+:)\d+(?= )/g;

/**
 * Codex CLI holds an flock on `thread-writer-locks/<id>.lock` while it runs (seen in 0.169); the file
 * stays behind, so its inode is looked up in /proc/locks. Where that can't be read, the session may run.
 */
function readCodexLocks(root: string, signs: Signs): void {
  const folder = join(root, 'thread-writer-locks');
  let locked: ReadonlySet<string> | undefined;
  for (const name of signs.namesIn(folder)) {
    const id = name.replace(/\.lock$/, '');
    if (!signs.wanted.has(id.toLowerCase())) continue;
    const path = join(folder, name);
    try {
      // Not before there is something to look up: the kernel takes some 10 ms for it.
      locked ??= new Set(readFileSync('/proc/locks', 'utf8').match(LOCKED_INODE));
      const inode = statSync(path, { throwIfNoEntry: false })?.ino;
      if (locked.has(String(inode))) signs.add(id, true);
    } catch (error) {
      signs.hinder(path, error, [id]);
    }
  }
}

function numbersOf(names: readonly string[], ending = ''): number[] {
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => Number(name.slice(0, name.length - ending.length)))
    .filter((number) => Number.isInteger(number) && number > 0);
}
