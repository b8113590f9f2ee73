import { closeSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explained } from '../errors.js';
import { JOURNAL_TEMP_NAME } from '../journal/journal.js';
import { warning } from '../output/finding.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import type { MapLocation } from '../session-map/location.js';
import { sessionMapIn } from '../session-map/parse.js';
import { isOwn } from '../system/account.js';
import { openForReading } from '../system/open.js';
import { unlinkQuietly } from '../system/unlink.js';
import { commit, reportCommit } from './commit.js';
import { type Kernel, loadKernel } from './kernel.js';
import { hashOf, readTempName, type TempName } from './temp-file.js';

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
      const name = readTempName(fileName);
      if (name === undefined) continue;
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats?.isFile() && isOwn(stats)) await clear(location, path, name, kernel, problems);
    }
  } catch (error) {
    throw explained(error, printable(directory), 'nothing was changed');
  }
}

async function clear(
  location: MapLocation,
  leftover: string,
  { from, to }: TempName,
  kernel: Kernel,
  problems: Problems,
): Promise<void> {
  const there = readUnlessOpen(leftover, kernel);
  if (there === undefined) return;
  const theirs = sessionMapIn(there);
  const isOver = theirs === undefined || [from, to].includes(hashOf(there));
  if (isOver) return unlinkQuietly(leftover);
  const committed = await commit(
    location,
    ({ text }) => ({
      text: [from, to].includes(hashOf(text)) ? theirs.text : text,
      announce: () => {},
      holds: () => true,
    }),
    kernel,
  );
  reportCommit(location.path, committed, problems);
  if (committed.made.length > 0) return unlinkQuietly(leftover);
  const message = "another program's map, which a run had swapped out; the map has changed since";
  problems.add(warning(leftover, message, 'move it away when you do not need it'));
}

/** What stands in a leftover; undefined while somebody writes it: then the next run looks after it. */
function readUnlessOpen(path: string, kernel: Kernel): Buffer | undefined {
  const file = openForReading(path);
  try {
    return kernel.takeReadLease(file) === 'refused' ? undefined : readFileSync(file);
  } finally {
    closeSync(file);
  }
}
