import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../printable.js';
import { writeFully } from '../session-map/durable.js';
import { unlinkQuietly } from '../session-map/unlink.js';
import { metricsText, type RunMetrics } from './metrics-text.js';

// The node exporter runs as a user of its own, whatever our umask.
const READABLE_BY_ALL = 0o644;

/** The metrics file of one run. What it says can be written anew: the counters count the run once. */
export class MetricsFile {
  readonly #path: string;
  #earlier: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Writes it in one step, so that the node exporter never reads half a file.
   *
   * @throws CleanupError when the file can't be written, or is none
   */
  write(run: RunMetrics): void {
    try {
      const target = followed(this.#path);
      this.#earlier ??= readEarlier(target);
      replace(target, metricsText(run, this.#earlier));
    } catch (error) {
      throw new CleanupError(`${printable(this.#path)}: can't write the metrics: ${reason(error)}`);
    }
  }
}

function replace(target: string, text: string): void {
  // The node exporter reads *.prom: the temp file must not end so.
  const temp = join(dirname(target), `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const file = openSync(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, READABLE_BY_ALL);
    try {
      fchmodSync(file, READABLE_BY_ALL);
      writeFully(file, text);
    } finally {
      closeSync(file);
    }
    renameSync(temp, target);
  } catch (error) {
    unlinkQuietly(temp);
    throw error;
  }
}

const MAX_LINKS = 16;

/**
 * The file that a path means: links of our own, or of root's, are followed. Whatever else stands there
 * must be a regular file: a device would be replaced, and a pipe would wait for its other end.
 */
function followed(start: string): string {
  let path = start;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || stats.isFile()) return path;
    if (!stats.isSymbolicLink()) throw new Error('it is not a regular file');
    if (![0, process.geteuid?.()].includes(stats.uid)) {
      throw new Error(`the link ${path} belongs to user ${stats.uid}`);
    }
    path = resolve(dirname(path), readlinkSync(path));
  }
  throw new Error('too many symbolic links');
}

function readEarlier(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
