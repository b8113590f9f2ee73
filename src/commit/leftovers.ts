import { closeSync, lstatSync, readdirSync } from 'node:fs';
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
import { openForReading } from '../system/open.js';
import { unlinkQuietly } from '../system/unlink.js';
import { type Kernel, loadKernel } from './kernel.js';
import { publish } from './publish.js';
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
  { path }: MapLocation,
  leftover: string,
  name: TempName,
  kernel: Kernel,
  problems: Problems,
): Promise<void> {
  const there = readOnce(leftover)?.bytes;
  const map = readOnce(path)?.bytes;
  const file = openForReading(leftover);
  try {
    if (there === undefined) return;
    const isOldOrNew = [name.from, name.to].includes(hashOf(there));
    const isUnused = map !== undefined && hashOf(map) === name.from;
    if (isOldOrNew || isUnused) return unlinkQuietly(leftover);
    // Whoever writes it now is looked after by the next run.
    if (kernel.takeReadLease(file) === 'refused') return;
    if (sessionMapIn(there) === undefined) return unlinkQuietly(leftover);
    if (map !== undefined && hashOf(map) === name.to) {
      const old = openForReading(path);
      try {
        const temp = { path: leftover, file };
        const always = { announce: () => {}, holds: () => true };
        const { kind } = await publish(path, temp, old, map, kernel, always);
        return kind === 'published' ? unlinkQuietly(leftover) : undefined;
      } finally {
        closeSync(old);
      }
    }
    const message =
      "another program's map, which a killed run had swapped out; the map has changed since";
    problems.add(warning(leftover, message, 'move it away when you do not need it'));
  } finally {
    closeSync(file);
  }
}
