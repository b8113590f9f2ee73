import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explained } from '../errors.js';
import { JOURNAL_TEMP_NAME, type Journal, type PublishEntry, sha256 } from '../journal/journal.js';
import { warning } from '../output/finding.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import type { MapLocation } from '../session-map/location.js';
import { unlinkQuietly } from '../system/unlink.js';
import { leftoverName } from './temp-file.js';

/** Clears up what a killed run of ours left; a file that holds another program's map is kept, and said. */
export async function clearLeftovers(
  { directory }: MapLocation,
  journal: Journal,
  _run: string,
  problems: Problems,
): Promise<void> {
  try {
    for (const fileName of readdirSync(directory)) {
      const path = join(directory, fileName);
      const name = leftoverName(fileName);
      if (fileName === JOURNAL_TEMP_NAME) unlinkQuietly(path);
      if (name === undefined || !isOurs(path)) continue;
      const publication = publicationOf(journal, name);
      const isKnown =
        publication === undefined ||
        [publication.from, publication.to].includes(sha256(readFileSync(path)));
      if (isKnown) unlinkQuietly(path);
      else
        problems.add(
          warning(
            path,
            "another program's map, which a killed run had swapped out",
            'move it away when you do not need it',
          ),
        );
    }
  } catch (error) {
    throw explained(error, printable(directory), 'nothing was changed');
  }
}

function publicationOf(journal: Journal, name: string): PublishEntry | undefined {
  for (const entry of journal) if (entry.op === 'publish' && entry.temp === name) return entry;
  return undefined;
}

function isOurs(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && [0, process.geteuid?.()].includes(stats.uid);
}
