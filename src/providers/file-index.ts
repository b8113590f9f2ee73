import { accessSync, constants, lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  cutShort,
  forbidden,
  leadsNowhere,
  nameless,
  type Obstacle,
  obstacleAt,
} from './obstacle.js';
import { PREFIX_LENGTH } from './provider.js';
import { sessionIdInside } from './session-id-inside.js';

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

/** The files found so far, by session. */
export class FileIndex {
  readonly #wanted: ReadonlySet<string>;
  readonly #byPrefix = new Map<string, string[]>();
  readonly #sessions = new Map<string, { files: SessionFile[]; obstacles: Obstacle[] }>();
  readonly #byFolder = new Map<string, Set<string>>();
  readonly #empty: { readonly session: string; readonly path: string }[] = [];
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
    this.#stat(path, [session], (stats) => this.#addFile(session, path, stats.mtimeMs, part));
    if (part === 'transcript') {
      const folder = dirname(path);
      this.#byFolder.set(folder, (this.#byFolder.get(folder) ?? new Set()).add(session));
    }
  }

  /** Takes in a file that belongs to one of these sessions, or to another one: it says so inside. */
  attribute(path: string, candidates: readonly string[], part: SessionFile['part']): void {
    if (part === 'transcript') this.transcripts += 1;
    this.#stat(path, candidates, ({ size, mtimeMs }) => {
      if (candidates.every((session) => this.#isOutdone(session, part, mtimeMs))) {
        // Not worth opening, but worth another look: it may be written to again.
        for (const candidate of candidates) this.#addFile(candidate, path, mtimeMs, part);
        return;
      }
      const session = size === 0 ? undefined : sessionIdInside(path);
      if (session !== undefined) {
        for (const candidate of candidates) {
          const isCutShort = part === 'transcript' && session.startsWith(candidate);
          if (candidate !== session && !isCutShort) continue;
          this.#addFile(candidate, path, mtimeMs, part);
          if (candidate !== session) this.#doubt(candidate, cutShort(path));
        }
        return;
      }
      // Perhaps it is being written at this moment: it counts as activity for all of them.
      for (const candidate of candidates) {
        this.#addFile(candidate, path, mtimeMs, part);
        if (size > 0) this.#doubt(candidate, nameless(path));
        else this.#empty.push({ session: candidate, path });
      }
    });
  }

  /** To be called when all files are in: one that is empty may be anybody's, and proves nobody idle. */
  doubtEmptyFiles(): void {
    const empty = new Set(this.#empty.map(({ path }) => path));
    for (const { session, path } of this.#empty) {
      if (this.#of(session).files.every((file) => empty.has(file.path))) {
        this.#doubt(session, nameless(path));
      }
    }
  }

  /** Whether this file could tell nothing new of the session's last activity. */
  #isOutdone(session: string, part: SessionFile['part'], mtimeMs: number): boolean {
    const files = this.#sessions.get(session)?.files ?? [];
    return part === 'extra' && files.some((file) => file.mtimeMs >= mtimeMs);
  }

  /** Runs a look at a file; what is in its way becomes a doubt about these sessions. */
  #stat(path: string, sessions: readonly string[], take: (stats: Stats) => void): void {
    if (sessions.length === 0) return;
    let obstacle: Obstacle | undefined;
    try {
      const stats = statSync(path);
      // A pipe of such a name would have no end.
      if (!stats.isFile()) return;
      take(stats);
      if (!mayRead(path, stats)) obstacle = forbidden(path);
    } catch (error) {
      obstacle = obstacleAt(path, error) ?? (isLink(path) ? leadsNowhere(path) : undefined);
    }
    if (obstacle === undefined) return;
    for (const session of sessions) this.#doubt(session, obstacle);
  }

  #addFile(session: string, path: string, mtimeMs: number, part: SessionFile['part']): void {
    this.#of(session).files.push({ path, mtimeMs, part });
  }

  #doubt(session: string, obstacle: Obstacle): void {
    this.#of(session).obstacles.push(obstacle);
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

/** What is not there, though its name is. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
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
