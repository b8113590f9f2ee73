import { Dirent, readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import fastGlob from 'fast-glob';
import { FileIndex, type SessionFiles } from './file-index.js';
import { leadsNowhere, type Obstacle, obstacleAt } from './obstacle.js';
import { type Claim, PREFIX_LENGTH, type Provider, type Wanted } from './provider.js';
import { uuidV7Time } from './session-id.js';

/** What one sweep of a provider's tree found. */
export interface Sweep {
  /**
   * How many transcripts were met, of mapped sessions and others. 0 means that there are none; those in
   * directories that were passed over as too old count only where nothing else does.
   */
  readonly transcripts: number;
  readonly sessions: ReadonlyMap<string, SessionFiles>;
  /** Directories that could not be read: any session may have files there. */
  readonly obstacles: readonly Obstacle[];
  /** Every directory that was looked into, with the time when its names last changed, ms, before that. */
  readonly directories: ReadonlyMap<string, number>;
}

// Deep enough for what the CLIs nest below a session's folder; an end for circles of links.
const MAX_DEPTH = 16;

/**
 * Finds the files of these sessions in one walk over the provider's tree; only those are stat'ed, and
 * only those whose names don't say whose they are are opened.
 *
 * @param root the CLI's own directory; one that does not exist has no transcripts
 */
export function sweep(
  provider: Provider,
  root: string,
  sessions: ReadonlySet<string>,
  keepTimes = false,
): Sweep {
  const obstacles: Obstacle[] = [];
  const found = new FileIndex(sessions);
  const wanted = wantedFrom(sessions);
  const inFolders: string[] = [];
  const directories = new Map<string, number>();
  let others = 0;
  let passedOver = false;

  const take = (path: string, claim: Claim | undefined): void => {
    if (claim?.by === 'name') found.add(claim.session, path, claim.part);
    else if (claim?.by === 'content')
      found.attribute(path, found.startingWith(claim.prefix), claim.part);
    else if (claim?.by === 'folder') {
      if (wanted.has(claim.session)) found.add(claim.session, path, 'transcript');
      inFolders.push(path);
    }
  };
  const isDirectory = (entry: Dirent, directory: string, names: readonly string[]): boolean => {
    if (!entry.isSymbolicLink()) return entry.isDirectory();
    const path = join(directory, entry.name);
    try {
      return statSync(path).isDirectory();
    } catch (error) {
      // Perhaps to where this user may not go, or to a disk that is not mounted.
      const couldMatter = provider.classify(names, entry.name, true, wanted) === 'keep';
      if (couldMatter) obstacles.push(obstacleAt(path, error) ?? leadsNowhere(path));
      return false;
    }
  };
  const directoriesIn = (directory: string): Dirent[] => {
    const names = directory.slice(root.length).split(sep).filter(Boolean);
    const time = keepTimes ? timeOf(directory) : Number.NaN;
    const only = provider.only?.(names);
    if (only !== undefined) {
      directories.set(directory, time);
      return [directoryNamed(only)];
    }
    const all = entries(directory, obstacles);
    if (all === undefined) return [];
    directories.set(directory, time);
    return all.filter((entry) => {
      const enters = isDirectory(entry, directory, names);
      const kind = provider.classify(names, entry.name, enters, wanted);
      if (kind === 'other-transcript') others += 1;
      if (kind === 'too-old') passedOver = true;
      if (kind !== 'keep' || enters) return kind === 'keep';
      take(join(directory, entry.name), provider.claim([...names, entry.name]));
      return false;
    });
  };
  fastGlob.sync('**', {
    cwd: root,
    dot: true,
    deep: MAX_DEPTH,
    fs: { readdirSync: directoryReader(directoriesIn) },
    suppressErrors: true,
  });
  // Last, when it is known which sessions have a transcript in which folder.
  for (const path of inFolders) found.attribute(path, found.besides(path), 'extra');
  found.doubtEmptyFiles();

  const transcripts = others + found.transcripts;
  return {
    // None that is new enough is not none at all.
    transcripts:
      transcripts === 0 && passedOver ? sweep(provider, root, new Set()).transcripts : transcripts,
    sessions: found.sessions,
    obstacles,
    directories,
  };
}

/** NaN, which equals nothing, when it can't be looked at. */
export function timeOf(directory: string): number {
  try {
    return statSync(directory).mtimeMs;
  } catch {
    return Number.NaN;
  }
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

/** A directory entry that was not read; what is not there has nothing in it. */
function directoryNamed(name: string): Dirent {
  return Object.assign(Object.create(DIRECTORY) as Dirent, { name });
}
const DIRECTORY = Object.assign(Object.create(Dirent.prototype), {
  isDirectory: () => true,
  isSymbolicLink: () => false,
});

/**
 * fast-glob walks, this reads: files are taken in right here, so that fast-glob neither matches their
 * names, which may hold anything, nor keeps them in memory, and enters only what can matter.
 */
function directoryReader(directoriesIn: (directory: string) => Dirent[]) {
  function read(directory: string): string[];
  function read(directory: string, options: { withFileTypes: true }): Dirent[];
  function read(directory: string, options?: { withFileTypes: true }): string[] | Dirent[] {
    const directories = directoriesIn(directory);
    return options?.withFileTypes ? directories : directories.map((entry) => entry.name);
  }
  return read;
}

function entries(directory: string, obstacles: Obstacle[]): Dirent[] | undefined {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    const obstacle = obstacleAt(directory, error);
    if (obstacle !== undefined) obstacles.push(obstacle);
    return undefined;
  }
}
