import { accessSync, constants, type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import fastGlob from 'fast-glob';
import { errorCode, reason } from '../errors.js';
import { PREFIX_LENGTH, type Provider, type Wanted } from './provider.js';
import { uuidV7Time } from './session-id.js';
import { sessionIdInside } from './session-id-inside.js';

/** A place that could not be looked at, and why. */
export interface Obstacle {
  readonly path: string;
  readonly reason: string;
}

/** A file of a session. */
export interface SessionFile {
  readonly path: string;
  /** Its modification time, ms since the epoch. */
  readonly mtimeMs: number;
  readonly part: 'transcript' | 'extra';
}

/** What a sweep found of one session. */
export interface SessionFiles {
  readonly files: readonly SessionFile[];
  /** Why the session's activity can't be told for sure, if so. */
  readonly obstacles: readonly Obstacle[];
}

/** What one sweep of a provider's tree found. */
export interface Sweep {
  readonly root: string;
  /** How many transcripts were met, of mapped sessions and others. */
  readonly transcripts: number;
  readonly sessions: ReadonlyMap<string, SessionFiles>;
  /** Directories that could not be read: any session may have files there. */
  readonly obstacles: readonly Obstacle[];
}

// Deep enough for what the CLIs nest below a session's folder; an end for circles of links.
const MAX_DEPTH = 16;

/**
 * Finds the files of these sessions in one walk over the provider's tree; only those are stat'ed, and
 * only those whose names don't say whose they are are opened.
 *
 * @param root the CLI's own directory; one that does not exist has no transcripts
 */
export function sweep(provider: Provider, root: string, sessions: ReadonlySet<string>): Sweep {
  const obstacles: Obstacle[] = [];
  let others = 0;
  const wanted = wantedFrom(sessions);

  const keep = (directory: string): Dirent[] => {
    const names = directory.slice(root.length).split(sep).filter(Boolean);
    return entries(directory, obstacles).filter((entry) => {
      const isDirectory = entry.isDirectory() || leadsToDirectory(entry, directory);
      const sight = provider.look(names, entry.name, isDirectory, wanted);
      if (sight === 'other-transcript') others += 1;
      return sight === 'keep';
    });
  };
  const paths = fastGlob.sync('**', {
    cwd: root,
    dot: true,
    deep: MAX_DEPTH,
    fs: { readdirSync: directoryReader(keep) },
    suppressErrors: true,
  });

  const found = new Gathering(sessions);
  const inFolders: string[] = [];
  for (const below of paths) {
    const path = join(root, below);
    const claim = provider.claim(below.split('/'));
    if (claim?.by === 'name') found.add(claim.session, path, claim.part);
    else if (claim?.by === 'content')
      found.attribute(path, found.startingWith(claim.prefix), claim.part);
    else if (claim?.by === 'folder') inFolders.push(path);
  }
  // Last, when it is known which sessions have a transcript in which folder.
  for (const path of inFolders) found.attribute(path, found.besides(path), 'extra');

  return {
    root,
    transcripts: others + found.transcripts,
    sessions: found.sessions,
    obstacles,
  };
}

function wantedFrom(sessions: ReadonlySet<string>): Wanted {
  const prefixes = new Set<string>();
  let oldestStart: number | undefined = Number.POSITIVE_INFINITY;
  for (const session of sessions) {
    prefixes.add(session.slice(0, PREFIX_LENGTH));
    const start = uuidV7Time(session);
    oldestStart = start === undefined ? undefined : oldestStart && Math.min(oldestStart, start);
  }
  return {
    has: (session) => sessions.has(session),
    hasPrefix: (prefix) => prefixes.has(prefix),
    oldestStart: sessions.size === 0 ? undefined : oldestStart,
  };
}

/**
 * fast-glob walks, this reads: what can't matter is dropped before fast-glob matches it, enters it or
 * keeps it in memory.
 */
function directoryReader(keep: (directory: string) => Dirent[]) {
  function read(directory: string): string[];
  function read(directory: string, options: { withFileTypes: true }): Dirent[];
  function read(directory: string, options?: { withFileTypes: true }): string[] | Dirent[] {
    const kept = keep(directory);
    return options?.withFileTypes ? kept : kept.map((entry) => entry.name);
  }
  return read;
}

function entries(directory: string, obstacles: Obstacle[]): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (!isGone(error)) obstacles.push({ path: directory, reason: reason(error) });
    return [];
  }
}

/** CLIs delete and move their own files at any time: what vanished was not there. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');
}

function leadsToDirectory(entry: Dirent, directory: string): boolean {
  if (!entry.isSymbolicLink()) return false;
  try {
    return statSync(join(directory, entry.name)).isDirectory();
  } catch {
    return false;
  }
}

/** The files found so far, by session. */
class Gathering {
  readonly #wanted: ReadonlySet<string>;
  readonly #byPrefix = new Map<string, string[]>();
  readonly #sessions = new Map<string, { files: SessionFile[]; obstacles: Obstacle[] }>();
  readonly #byFolder = new Map<string, Set<string>>();
  transcripts = 0;

  constructor(wanted: ReadonlySet<string>) {
    this.#wanted = wanted;
  }

  get sessions(): ReadonlyMap<string, SessionFiles> {
    return this.#sessions;
  }

  /** The sessions looked for whose ids begin so. */
  startingWith(prefix: string): readonly string[] {
    if (this.#byPrefix.size === 0) {
      for (const session of this.#wanted) {
        const key = session.slice(0, PREFIX_LENGTH);
        this.#byPrefix.set(key, [...(this.#byPrefix.get(key) ?? []), session]);
      }
    }
    return this.#byPrefix.get(prefix) ?? [];
  }

  /** The sessions that have a transcript in this file's folder. */
  besides(path: string): readonly string[] {
    return [...(this.#byFolder.get(dirname(path)) ?? [])];
  }

  /** Takes in a file that is this session's. */
  add(session: string, path: string, part: SessionFile['part']): void {
    if (part === 'transcript') this.transcripts += 1;
    if (!this.#wanted.has(session)) return;
    this.#look(path, [session], (stats) => this.#addFile(session, path, stats.mtimeMs, part));
    if (part === 'transcript') {
      const folder = dirname(path);
      this.#byFolder.set(folder, (this.#byFolder.get(folder) ?? new Set()).add(session));
    }
  }

  /** Takes in a file that belongs to one of these sessions, or to another one: it says so inside. */
  attribute(path: string, candidates: readonly string[], part: SessionFile['part']): void {
    if (part === 'transcript') this.transcripts += 1;
    this.#look(path, candidates, ({ size, mtimeMs }) => {
      if (candidates.every((session) => this.#isOutdone(session, part, mtimeMs))) return;
      const session = size === 0 ? undefined : sessionIdInside(path);
      if (session !== undefined) {
        if (candidates.includes(session)) this.#addFile(session, path, mtimeMs, part);
        return;
      }
      // Perhaps it is being written at this moment: it counts as activity for all of them.
      for (const candidate of candidates) {
        this.#addFile(candidate, path, mtimeMs, part);
        if (size > 0) this.#doubt(candidate, path, 'it has no sessionId');
      }
    });
  }

  /** Whether this file could tell nothing new of the session's last activity. */
  #isOutdone(session: string, part: SessionFile['part'], mtimeMs: number): boolean {
    const files = this.#sessions.get(session)?.files ?? [];
    return part === 'extra' && files.some((file) => file.mtimeMs >= mtimeMs);
  }

  /** Runs a look at a file; what hinders it becomes a doubt about these sessions. */
  #look(path: string, sessions: readonly string[], take: (stats: Stats) => void): void {
    if (sessions.length === 0) return;
    let hindrance: string | undefined;
    try {
      const stats = statSync(path);
      take(stats);
      if (!mayRead(path, stats)) hindrance = 'permission denied';
    } catch (error) {
      if (!isGone(error)) hindrance = reason(error);
    }
    if (hindrance !== undefined) {
      for (const session of sessions) this.#doubt(session, path, hindrance);
    }
  }

  #addFile(session: string, path: string, mtimeMs: number, part: SessionFile['part']): void {
    this.#of(session).files.push({ path, mtimeMs, part });
  }

  #doubt(session: string, path: string, why: string): void {
    this.#of(session).obstacles.push({ path, reason: why });
  }

  #of(session: string): { files: SessionFile[]; obstacles: Obstacle[] } {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      known = { files: [], obstacles: [] };
      this.#sessions.set(session, known);
    }
    return known;
  }
}

const USER = process.geteuid?.() ?? 0;
const GROUPS = new Set([process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])]);

/** Mostly answered by the mode, without a further system call; access lists have the last word. */
function mayRead(path: string, { mode, uid, gid }: Stats): boolean {
  if (USER === 0) return true;
  let bit: number = constants.S_IROTH;
  if (uid === USER) bit = constants.S_IRUSR;
  else if (GROUPS.has(gid)) bit = constants.S_IRGRP;
  if (mode & bit) return true;
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
