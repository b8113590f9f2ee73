import { closeSync, fstatSync, readFileSync, type Stats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, errorCode, reason } from '../errors.js';
import { openForReading } from '../system/open.js';
import { MalformedMapError, parseSessionMap, type SessionMap } from './parse.js';

/** A map's file as it stood at one moment, and what is in it. */
export interface MapSnapshot {
  readonly bytes: Buffer;
  readonly stats: Stats;
  readonly map: SessionMap;
}

/** A writer that rewrites the map in place leaves it half-written for a moment. */
const ATTEMPTS = 25;
const PAUSE_MS = 40;

/**
 * Reads the map. One that is empty, half-written or just changing is read again for about a second.
 *
 * @param known an earlier reading: a large map that is still the same is parsed and held once
 * @returns undefined when there is no map
 * @throws CleanupError when it can't be read, or stays malformed; it names the file
 */
export async function readMap(path: string, known?: MapSnapshot): Promise<MapSnapshot | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Twice: what a writer changes between the two was never a map.
      const first = readOnce(path);
      const second = first && readOnce(path);
      if (second === undefined) return undefined;
      const { bytes, stats } = second;
      if (!first?.bytes.equals(bytes)) throw new MalformedMapError('changes all the time');
      if (known?.bytes.equals(bytes)) return { ...known, stats };
      return { bytes, stats, map: parseSessionMap(bytes) };
    } catch (error) {
      const isPassing = error instanceof MalformedMapError && attempt < ATTEMPTS;
      if (!isPassing) throw unreadable(path, error);
    }
    await sleep(PAUSE_MS);
  }
}

/** The bytes and stats of the regular file at `path`; undefined when there is none. */
export function readOnce(path: string): Omit<MapSnapshot, 'map'> | undefined {
  let file: number | undefined;
  try {
    file = openForReading(path);
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new CleanupError('is not a regular file');
    return { bytes: readFileSync(file), stats };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function unreadable(path: string, error: unknown): CleanupError {
  const isOurs = error instanceof CleanupError;
  const told = isOurs ? error.message : `can't be read: ${reason(error)}`;
  let fix = isOurs ? "is it the bridge's map?" : 'run as the user that the bridge runs as';
  if (error instanceof MalformedMapError) {
    fix = 'if no bridge is writing it now, repair it, or move it away so that a new one is begun';
  }
  return new CleanupError(`${path}: ${told}; left untouched`, fix);
}
