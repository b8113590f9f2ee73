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

type Found = { files: SessionFile[]; obstacles: Obstacle[] };

/** The files found so far, by session. The ids of sessions are in small letters here. */
export class FileIndex {
  readonly #wanted: ReadonlySet<string>;
  readonly #byPrefix = new Map<string, string[]>();
  readonly #sessions = new Map<string, Found>();
  readonly #byFolder = new Map<string, Set<string>>();
  readonly #empty: { readonly session: string; readonly path: string }[] = [];
  transcripts = 0;
  /** Files that tell nothing today, by their modification times, ms: they may be written to again. */
  readonly quiet = new Map<string, number>();

  constructor(wanted: ReadonlySet<string>) {
    this.#wanted = wanted;
  }

  get sessions(): ReadonlyMap<string, SessionFiles> {
    return this.#sessions;
  }

  /** Whether a session that was looked for has no transcript. */
  get hasLost(): boolean {
    for (const session of this.#wanted) {
      const files = this.#sessions.get(session)?.files ?? [];
      if (!files.some(({ part }) => part === 'transcript')) return true;
    }
    return false;
  }

  /** The sessions looked for whose ids begin so. */
  startingWith(prefix: string): readonly string[] {
    if (this.#byPrefix.size === 0) {
      for (const session of this.#wanted) {
        const key = session.slice(0, PREFIX_LENGTH);
        this.#byPrefix.set(key, [...(this.#byPrefix.get(key) ?? []), session]);
      }
    }
    return this.#byPrefix.get(prefix.toLowerCase()) ?? [];
  }

  /** Takes in a file that is this session's. */
  add(name: string, path: string, part: SessionFile['part']): void {
    if (part === 'transcript') this.transcripts += 1;
    const session = name.toLowerCase();
    if (!this.#wanted.has(session)) return;
    this.#look(path, [session], ({ mtimeMs }) => this.#addFile(session, path, mtimeMs, part));
    if (part === 'transcript') {
      const folder = dirname(path);
      this.#byFolder.set(folder, (this.#byFolder.get(folder) ?? new Set()).add(session));
    }
  }

  /** Takes in a transcript of one of these sessions, or of another one: it says so inside. */
  attribute(path: string, candidates: readonly string[]): void {
    const part = 'transcript';
    this.transcripts += 1;
    this.#look(path, candidates, ({ size, mtimeMs }) => {
      const session = size === 0 ? undefined : sessionIdInside(path)?.toLowerCase();
      if (session !== undefined) {
        for (const candidate of candidates) {
          if (!session.startsWith(candidate)) continue;
          this.#addFile(candidate, path, mtimeMs, part);
          if (candidate !== session) this.doubt(candidate, cutShort(path));
        }
        return;
      }
      // Perhaps it is being written at this moment: it counts as activity for all of them.
      for (const candidate of candidates) {
        this.#addFile(candidate, path, mtimeMs, part);
        if (size > 0) this.doubt(candidate, nameless(path));
        else this.#empty.push({ session: candidate, path });
      }
    });
  }

  /**
   * Takes in files that say inside which session of their folder they belong to. To be called when all
   * transcripts are in: only a file that is younger than some session there is opened.
   */
  attributeBeside(paths: readonly string[]): void {
    const folders = new Map<string, string[]>();
    for (const path of paths) {
      const folder = dirname(path);
      const known = folders.get(folder);
      if (known === undefined) folders.set(folder, [path]);
      else known.push(path);
    }
    for (const [folder, files] of folders) {
      const sessions = [...(this.#byFolder.get(folder) ?? [])];
      if (sessions.length > 0) this.#attributeIn(files, sessions);
    }
  }

  #attributeIn(paths: readonly string[], sessions: readonly string[]): void {
    const oldest = sessions
      .map((session) => this.#newestOf(session))
      .reduce((a, b) => Math.min(a, b));
    // One that does not say whose it is counts for every session of the folder: the youngest is enough.
    const nobodys = new Map<'empty' | 'doubtful', SessionFile & { obstacle?: Obstacle }>();
    for (const path of paths) {
      const look = lookAt(path);
      if (look === undefined) continue;
      const { mtimeMs } = look;
      if (mtimeMs <= oldest) {
        this.quiet.set(path, mtimeMs);
        continue;
      }
      const { session, obstacle } = look.obstacle ? look : ownerInside(path, look.size);
      if (session !== undefined) {
        if (this.#wanted.has(session)) this.#addFile(session, path, mtimeMs, 'extra');
        continue;
      }
      const kind = obstacle === undefined ? 'empty' : 'doubtful';
      if ((nobodys.get(kind)?.mtimeMs ?? 0) > mtimeMs) continue;
      nobodys.set(kind, { path, mtimeMs, part: 'extra', ...(obstacle && { obstacle }) });
    }
    for (const { path, mtimeMs, obstacle } of nobodys.values()) {
      for (const session of sessions) {
        if (this.#newestOf(session) >= mtimeMs) continue;
        if (Number.isFinite(mtimeMs)) this.#addFile(session, path, mtimeMs, 'extra');
        if (obstacle !== undefined) this.doubt(session, obstacle);
      }
    }
  }

  /**
   * Takes in a transcript that may be of a sub-agent: that is its parent's activity. One that can't be
   * read is another user's, and so nobody's sub-agent here.
   *
   * @param since files that were not written to since then, ms since the epoch, are not opened
   */
  relate(path: string, since: number, parentsOf: (path: string) => readonly string[]): void {
    const look = lookAt(path);
    if (look === undefined || look.obstacle !== undefined) return;
    if (look.mtimeMs < since) {
      this.quiet.set(path, look.mtimeMs);
      return;
    }
    for (const parent of parentsOf(path)) {
      const session = parent.toLowerCase();
      if (this.#wanted.has(session)) this.#addFile(session, path, look.mtimeMs, 'extra');
    }
  }

  /** To be called when all files are in: one that is empty may be anybody's, and proves nobody idle. */
  doubtEmptyFiles(): void {
    const empty = new Set(this.#empty.map(({ path }) => path));
    for (const { session, path } of this.#empty) {
      if (this.#of(session).files.every((file) => empty.has(file.path))) {
        this.doubt(session, nameless(path));
      }
    }
  }

  #newestOf(session: string): number {
    const files = this.#sessions.get(session)?.files ?? [];
    return files.reduce((newest, { mtimeMs }) => Math.max(newest, mtimeMs), 0);
  }

  /** Runs a look at a file; what is in its way becomes a doubt about these sessions. */
  #look(path: string, sessions: readonly string[], take: (look: Look) => void): void {
    if (sessions.length === 0) return;
    const look = lookAt(path);
    if (look === undefined) return;
    let { obstacle } = look;
    try {
      if (Number.isFinite(look.mtimeMs)) take(look);
    } catch (error) {
      obstacle ??= obstacleAt(path, error);
    }
    if (obstacle === undefined) return;
    for (const session of sessions) this.doubt(session, obstacle);
  }

  #addFile(session: string, path: string, mtimeMs: number, part: SessionFile['part']): void {
    this.#of(session).files.push({ path, mtimeMs, part });
  }

  /** Takes in what makes this session's activity uncertain. */
  doubt(session: string, obstacle: Obstacle): void {
    this.#of(session).obstacles.push(obstacle);
  }

  #of(session: string): Found {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      known = { files: [], obstacles: [] };
      this.#sessions.set(session, known);
    }
    return known;
  }
}

interface Look {
  /** Infinity when it could not be asked for: it may be the youngest. */
  readonly mtimeMs: number;
  readonly size: number;
  readonly session?: undefined;
  readonly obstacle?: Obstacle | undefined;
}

/** The time and size of a file. A pipe or a device of such a name is not there: it would have no end. */
function lookAt(path: string): Look | undefined {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return undefined;
    const { mtimeMs, size } = stats;
    return mayRead(path, stats) ? { mtimeMs, size } : { mtimeMs, size, obstacle: forbidden(path) };
  } catch (error) {
    const obstacle = obstacleAt(path, error) ?? (isLink(path) ? leadsNowhere(path) : undefined);
    return obstacle && { mtimeMs: Number.POSITIVE_INFINITY, size: 0, obstacle };
  }
}

/** The session that a file names inside; neither that nor an obstacle of one that is still empty. */
function ownerInside(path: string, size: number): { session?: string; obstacle?: Obstacle } {
  if (size === 0) return {};
  try {
    const session = sessionIdInside(path)?.toLowerCase();
    return session === undefined ? { obstacle: nameless(path) } : { session };
  } catch (error) {
    const obstacle = obstacleAt(path, error);
    return obstacle === undefined ? {} : { obstacle };
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
