import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { explained } from '../errors.js';
import { JOURNAL_TEMP_NAME } from '../journal/journal.js';
import { warning } from '../output/finding.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import type { MapLocation } from '../session-map/location.js';
import { sessionMapIn } from '../session-map/parse.js';
import { readOnce } from '../session-map/read.js';
import { isOwn } from '../system/account.js';
import { Patience } from '../system/patience.js';
import { unlinkQuietly } from '../system/unlink.js';
import { commit, readWhenClosed, reportCommit } from './commit.js';
import { type Kernel, loadKernel } from './kernel.js';
import { hashesIn, hashOf } from './temp-file.js';

/**
 * Clears up what a killed run of ours left. What it had swapped out and somebody has written since gets
 * the map's name back, as the run would have done.
 */
export async function clearLeftovers(
  location: MapLocation,
  problems: Problems,
  kernel = loadKernel(),
): Promise<void> {
  const { directory } = location;
  try {
    for (const fileName of readdirSync(directory)) {
      const path = join(directory, fileName);
      if (fileName === JOURNAL_TEMP_NAME) unlinkQuietly(path);
      const hashes = hashesIn(fileName);
      if (hashes.length === 0) continue;
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats?.isFile() && isOwn(stats)) await clear(location, path, hashes, kernel, problems);
    }
  } catch (error) {
    throw explained(error, printable(directory), 'nothing was changed');
  }
}

async function clear(
  location: MapLocation,
  leftover: string,
  hashes: readonly string[],
  kernel: Kernel,
  problems: Problems,
): Promise<void> {
  const there = readOnce(leftover)?.bytes;
  if (there === undefined) return;
  const map = readOnce(location.path)?.bytes;
  const isHalf = sessionMapIn(there) === undefined && map && hashOf(map) === hashes[0];
  if (isHalf || hashes.includes(hashOf(there))) return unlinkQuietly(leftover);
  // Whoever writes it now is looked after by the next run.
  const written = await readWhenClosed(leftover, kernel, new Patience(0));
  if (written === undefined) return;
  const theirs = sessionMapIn(written);
  if (theirs === undefined) return unlinkQuietly(leftover);
  const committed = await commit(
    location,
    ({ text }) => ({ text: hashes.includes(hashOf(text)) ? theirs.text : text }),
    kernel,
  );
  reportCommit(location.path, committed, problems);
  if (committed.made.length > 0) return unlinkQuietly(leftover);
  const message = "another program's map, which a run had swapped out; the map has changed since";
  problems.add(warning(leftover, message, 'move it away when you do not need it'));
}
