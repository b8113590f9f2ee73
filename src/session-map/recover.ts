import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { explained } from '../errors.js';
import { printable } from '../printable.js';
import type { Problems } from '../problems.js';
import { commit } from './commit.js';
import {
  appendToJournal,
  JOURNAL_TEMP_NAME,
  type JournalContent,
  type PublishEntry,
  sha256,
} from './journal.js';
import type { MapLocation } from './location.js';
import { keyOf } from './merge.js';
import { readOnce } from './read.js';
import { parseSessionMap, type SessionMap } from './session-map.js';
import { leftoverName, unlinkQuietly } from './temp-file.js';

/**
 * Clears up what a killed run of ours left in the map's directory. A file that holds another
 * program's change, swapped out and not yet taken in when the run was killed, is merged into the map
 * first. To be called with the lock held.
 *
 * @param run the id of this run, for the journal
 */
export async function recoverLeftovers(
  location: MapLocation,
  journal: JournalContent,
  run: string,
  problems: Problems,
): Promise<void> {
  const { directory } = location;
  try {
    for (const fileName of readdirSync(directory)) {
      const path = join(directory, fileName);
      const name = leftoverName(fileName);
      if (name !== undefined) await recover(location, path, name, journal, run, problems);
      else if (fileName === JOURNAL_TEMP_NAME) unlinkQuietly(path);
    }
  } catch (error) {
    throw explained(error, printable(directory), 'nothing was changed');
  }
}

async function recover(
  location: MapLocation,
  path: string,
  name: string,
  journal: JournalContent,
  run: string,
  problems: Problems,
): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile() || ![0, process.geteuid?.()].includes(stats.uid)) return;
  const publication = journal.entries.findLast(
    (entry): entry is PublishEntry => entry.op === 'publish' && entry.temp === name,
  );
  // Killed before the journal was written, or before the names were exchanged: never published.
  const wasPublished = publication !== undefined && publication.inode !== stats.ino;
  const theirs = wasPublished ? changedMap(path, publication) : undefined;
  if (wasPublished && theirs !== undefined) {
    const removed = removedBy(publication.run, journal);
    await commit(
      location,
      {
        revise: (map) => map.text,
        announce: (next) =>
          appendToJournal(location.directory, [
            { op: 'publish', run, at: new Date().toISOString(), ...next },
          ]),
        holds: () => true,
      },
      {
        base: undefined,
        theirs,
        isOurs: (bytes) => sha256(bytes) === publication.to,
        wasRemoved: (provider, chat, raw) => removed.get(keyOf(provider, chat)) === raw,
      },
    );
    problems.warn(
      `${path}: a run was killed; the change that it had not taken in is in the map now`,
    );
  }
  unlinkQuietly(path);
}

/** The map in a swapped-out file, when it is not the one that was read before. */
function changedMap(path: string, publication: PublishEntry): SessionMap | undefined {
  const bytes = readOnce(path)?.bytes;
  if (bytes === undefined || sha256(bytes) === publication.from) return undefined;
  try {
    return parseSessionMap(bytes);
  } catch {
    // Its writer was killed too, in the middle of writing.
    return undefined;
  }
}

function removedBy(run: string, journal: JournalContent): Map<string, string> {
  const removed = new Map<string, string>();
  for (const entry of journal.entries) {
    if (entry.op === 'remove' && entry.run === run) {
      removed.set(keyOf(entry.provider, entry.chat), entry.raw);
    }
  }
  return removed;
}
