import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { processStart } from '../session-map/lock.js';
import type { Family } from './provider.js';

/**
 * The sessions, out of these, whose CLI process runs right now, whatever their last activity.
 *
 * @param root the CLI's own directory
 */
export function runningSessions(
  family: Family,
  root: string,
  sessions: ReadonlySet<string>,
): ReadonlySet<string> {
  const running = namedByProcesses(sessions);
  if (family === 'claude') for (const session of claudeRegistry(root)) running.add(session);
  if (family === 'codex') for (const session of codexLocks(root, sessions)) running.add(session);
  return running;
}

/** Every CLI takes up a session by its id as an argument; Gemini leaves no other sign. */
function namedByProcesses(sessions: ReadonlySet<string>): Set<string> {
  const named = new Set<string>();
  for (const pid of numbersIn('/proc')) {
    if (pid === process.pid) continue;
    for (const argument of textOf(`/proc/${pid}/cmdline`).split('\0')) {
      if (sessions.has(argument)) named.add(argument);
    }
  }
  return named;
}

/**
 * Claude Code keeps `sessions/<pid>.json` while a process runs (seen in 2.1.330), and leaves it after a
 * kill: `procStart` is field 22 of /proc/<pid>/stat and tells whether it is still that process.
 */
function claudeRegistry(root: string): string[] {
  const folder = join(root, 'sessions');
  return numbersIn(folder, '.json').flatMap((pid) => {
    const entry = objectIn(join(folder, `${pid}.json`));
    const session = entry['sessionId'];
    const start = processStart(pid);
    if (typeof session !== 'string' || start === undefined) return [];
    return entry['procStart'] === undefined || String(entry['procStart']) === start
      ? [session]
      : [];
  });
}

/**
 * Codex CLI holds an flock on `thread-writer-locks/<id>.lock` while it runs (seen in 0.169); the file
 * stays behind, so its inode is looked up in /proc/locks. Where that can't be read, the file counts.
 */
function codexLocks(root: string, sessions: ReadonlySet<string>): string[] {
  const locked = lockedInodes();
  return [...sessions].filter((session) => {
    const lock = join(root, 'thread-writer-locks', `${session}.lock`);
    const stats = statSync(lock, { throwIfNoEntry: false });
    return stats !== undefined && (locked === undefined || locked.has(stats.ino));
  });
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

function numbersIn(folder: string, ending = ''): number[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => Number(name.slice(0, name.length - ending.length)))
    .filter((number) => Number.isInteger(number) && number > 0);
}

function objectIn(path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
