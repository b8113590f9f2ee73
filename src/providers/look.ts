import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { type Obstacle, obstacleAt, unreadable } from './obstacle.js';

/** What a look at a file shows. */
export interface Look {
  /** Its modification time, ms since the epoch; Infinity when it can't be told: it may be the youngest. */
  readonly mtimeMs: number;
  readonly size: number;
  readonly obstacle?: Obstacle | undefined;
}

/** The time and size of a file; undefined for what is none: a pipe or a device would have no end. */
export function lookAt(path: string): Look | undefined {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return undefined;
    const { mtimeMs, size } = stats;
    const obstacle = mayRead(path, stats) ? undefined : unreadable(path, 'permission denied');
    return { mtimeMs, size, obstacle };
  } catch (error) {
    const obstacle = obstacleAt(path, error);
    return obstacle && { mtimeMs: Number.POSITIVE_INFINITY, size: 0, obstacle };
  }
}

const USER = process.geteuid?.();

/** Mostly answered by the mode, without a further system call. */
function mayRead(path: string, { mode, uid }: Stats): boolean {
  if (uid === USER && mode & constants.S_IRUSR) return true;
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** When a path was last modified, ms; NaN, which equals nothing, when it can't be looked at. */
export function timeOf(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return Number.NaN;
  }
}
