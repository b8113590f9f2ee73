import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import { followLinks } from '../system/follow-links.js';
import { replaceFile } from '../system/replace-file.js';
import { metricsText, type RunMetrics } from './text.js';

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
      // The node exporter reads *.prom: the temp file must not end so.
      const temp = join(dirname(target), `.${randomBytes(8).toString('hex')}.tmp`);
      replaceFile(target, metricsText(run, this.#earlier), { temp, mode: READABLE_BY_ALL });
    } catch (error) {
      throw new CleanupError(`${printable(this.#path)}: can't write the metrics: ${reason(error)}`);
    }
  }
}

/**
 * The file that a path means: links of our own, or of root's, are followed. Whatever else stands there
 * must be a regular file: a device would be replaced, and a pipe would wait for its other end.
 */
function followed(start: string): string {
  const { path, stats } = followLinks(start, (at) => {
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() && ![0, process.geteuid?.()].includes(found.uid)) {
      throw new Error(`the link ${at} belongs to user ${found.uid}`);
    }
    return found;
  });
  if (stats !== undefined && !stats.isFile()) throw new Error('it is not a regular file');
  return path;
}

function readEarlier(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
