import { closeSync, fstatSync, readFileSync, type Stats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import { openForReading } from '../system/open.js';
import { MalformedMapError, parseSessionMap, type SessionMap } from './parse.js';

/** A map's file as it stood at one moment. */
export interface MapFile {
  readonly bytes: Buffer;
  readonly stats: Stats;
}

/** The same, with what is in it. */
export interface MapSnapshot extends MapFile {
  readonly map: SessionMap;
}

/** A writer that rewrites the map in place leaves it half-written for a moment. */
const ATTEMPTS = 25;
const PAUSE_MS = 40;

// A run reads its map several times: as long as it is the same, a large one is parsed and held once.
let lastRead: Pick<MapSnapshot, 'bytes' | 'map'> | undefined;

/**
 * Reads the map. One that is empty, half-written or just changing is read again for about a second.
 *
 * @returns undefined when there is no map
 * @throws CleanupError when it can't be read, or stays malformed; it names the file
 */
export async function readMap(path: string): Promise<MapSnapshot | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const read = readSettled(path);
      if (read === undefined) return undefined;
      const { bytes, stats } = read;
      if (!lastRead?.bytes.equals(bytes)) lastRead = { bytes, map: parseSessionMap(bytes) };
      return { ...lastRead, stats };
    } catch (error) {
      if (!isPassing(error) || attempt === ATTEMPTS) throw describe(path, error);
    }
    await sleep(PAUSE_MS);
  }
}

class ChangingError extends Error {}

function isPassing(error: unknown): boolean {
  return error instanceof MalformedMapError || error instanceof ChangingError;
}

/** Reads twice: what a writer changes between the two was never a map. */
function readSettled(path: string): MapFile | undefined {
  const first = readOnce(path);
  const second = first && readOnce(path);
  if (first === undefined || second === undefined) return undefined;
  if (first.stats.ino !== second.stats.ino || !first.bytes.equals(second.bytes)) {
    throw new ChangingError('it changes all the time');
  }
  return second;
}

/** The bytes and stats of the regular file at `path`; undefined when there is none. */
export function readOnce(path: string): MapFile | undefined {
  let file: number;
  try {
    file = openForReading(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new CleanupError('is not a regular file');
    return { bytes: readFileSync(file), stats };
  } finally {
    closeSync(file);
  }
}

function describe(path: string, error: unknown): CleanupError {
  const file = printable(path);
  if (error instanceof MalformedMapError) {
    return new CleanupError(
      `${file}: ${error.message}; left untouched`,
      'if no bridge is writing it at this moment, repair it, or move it away and let the bridge start a new one',
    );
  }
  if (error instanceof CleanupError) {
    return new CleanupError(`${file}: ${error.message}; left untouched`, "is it the bridge's map?");
  }
  return new CleanupError(
    `${file}: can't be read: ${reason(error)}; left untouched`,
    'run as the user that the bridge runs as',
  );
}
