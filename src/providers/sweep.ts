import { Dirent, readdirSync } from 'node:fs';
import { sep } from 'node:path';
import fastGlob from 'fast-glob';
import { FoundFiles, type SessionFiles, type Unopened } from './found-files.js';
import { timeOf } from './look.js';
import { type Obstacle, obstacleAt } from './obstacle.js';
import { PREFIX_LENGTH, type Provider, type Transcript } from './provider.js';
import { uuidV7Time } from './session-id.js';

/** What one sweep of a provider's tree found. */
export interface Sweep {
  /** How many names of transcripts were met, of mapped sessions and others. */
  readonly transcripts: number;
  readonly sessions: ReadonlyMap<string, SessionFiles>;
  /** Directories that could not be read: any session may have files there. */
  readonly obstacles: readonly Obstacle[];
  /**
   * What would show that something has come, gone or begun to matter since: the modification times,
   * ms, of every directory that was looked into and of the files that told nothing.
   */
  readonly watched: ReadonlyMap<string, number>;
}

/**
 * Finds the files of these sessions in one walk over the provider's tree. What a name stands for, the
 * provider tells; only what may be of these sessions is stat'ed, and only those files whose names don't
 * say whose they are are opened.
 *
 * fast-glob walks from directory to directory, and the files are taken in where a directory is read.
 * As patterns (`projects/*` and so on, matched by fast-glob, then looked up among the mapped ids) the
 * same walk over 50,000 transcripts took 540 ms and 80 MB instead of 210 ms and 54 MB: it makes and
 * keeps an entry for each of them.
 *
 * @param root the CLI's own directory; one that does not exist has no transcripts
 * @param sessions in small letters, as the answer has them
 * @param activeSince a sub-agent's own transcript counts when it was written to since then, ms since the
 *   epoch
 */
export function sweep(
  provider: Provider,
  root: string,
  sessions: ReadonlySet<string>,
  activeSince: number,
): Sweep {
  const found = new FoundFiles(sessions);
  const beginnings = new Set([...sessions].map((session) => session.slice(0, PREFIX_LENGTH)));
  const obstacles: Obstacle[] = [];
  const watched = new Map<string, number>();
  const unopened: Unopened[] = [];
  const tooOld: string[] = [];
  let oldestStart = oldestStartOf(sessions);
  let transcripts = 0;

  const walk = (from: string): void => {
    const readdir = directoriesIn as unknown as typeof readdirSync;
    fastGlob.sync('**', { cwd: from, dot: true, fs: { readdirSync: readdir } });
  };
  /** Takes in the files of a directory; those of its directories remain that can matter. */
  const directoriesIn = (directory: string): Dirent[] => {
    const place = directory.slice(root.length).split(sep).filter(Boolean);
    const owner = provider.ownerOf(place)?.toLowerCase();
    const time = timeOf(directory);
    try {
      const directories = owner === undefined ? shared(directory, place) : own(directory, owner);
      watched.set(directory, time);
      return directories;
    } catch (error) {
      const obstacle = obstacleAt(directory, error);
      if (obstacle === undefined) return [];
      if (owner === undefined) obstacles.push(obstacle);
      else found.doubt(owner, obstacle);
      return [];
    }
  };
  // All that lies below it is this session's; but a link to a directory may lead anywhere.
  const own = (directory: string, session: string): Dirent[] =>
    readdirSync(directory, { withFileTypes: true }).filter((entry) => {
      if (entry.isDirectory()) return true;
      found.add(session, `${directory}${sep}${entry.name}`, 'extra');
      return false;
    });
  // By the names alone: what is no directory has nothing in it when it is read.
  const shared = (directory: string, place: readonly string[]): Dirent[] => {
    const mayHaveSubAgents = (provider.endOf?.(place) ?? NEVER) >= activeSince;
    const directories: Dirent[] = [];
    for (const name of readdirSync(directory)) {
      const entry = provider.entryOf(place, name);
      if (entry === undefined) continue;
      const path = `${directory}${sep}${name}`;
      if (entry.names !== 'directory') take(path, entry, mayHaveSubAgents);
      else if (entry.session !== undefined && !sessions.has(entry.session.toLowerCase())) continue;
      else if ((provider.endOf?.([...place, name]) ?? Infinity) < oldestStart) tooOld.push(path);
      else directories.push(directoryNamed(name));
    }
    return directories;
  };
  const take = (path: string, transcript: Transcript, mayBeSubAgent: boolean): void => {
    transcripts += 1;
    const session = transcript.session.toLowerCase();
    const isBegun = transcript.names === 'begun';
    if (!isBegun && sessions.has(session)) found.add(session, path, 'transcript');
    const tellsInside = isBegun ? beginnings.has(session) : transcript.names === 'sub-agent';
    if (tellsInside || mayBeSubAgent) unopened.push({ ...transcript, path });
  };

  walk(root);
  // An imported session lies among older ones than its id tells.
  if (tooOld.length > 0 && found.hasLost) {
    oldestStart = NEVER;
    for (const directory of tooOld) walk(directory);
  }
  const quiet = found.addByContent(unopened, provider.sessionsInside, activeSince);
  for (const [path, time] of quiet) watched.set(path, time);
  return { transcripts, sessions: found.sessions, obstacles, watched };
}

const NEVER = Number.NEGATIVE_INFINITY;

/** When the oldest of these sessions began, ms since the epoch; never, when an id does not say. */
function oldestStartOf(sessions: ReadonlySet<string>): number {
  return [...sessions].reduce((oldest, id) => Math.min(oldest, uuidV7Time(id) ?? NEVER), Infinity);
}

/** A directory entry whose type was not read; what is none has nothing in it. */
function directoryNamed(name: string): Dirent {
  const type = { isDirectory: () => true, isSymbolicLink: () => false };
  return Object.assign(Object.create(Dirent.prototype), { name, ...type });
}
