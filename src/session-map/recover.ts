import { closeSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { explained } from '../errors.js';
import { openForReading } from '../files/open.js';
import { unlinkQuietly } from '../files/unlink.js';
import { printable } from '../printable.js';
import type { Problems } from '../problems.js';
import { commit } from './commit.js';
import { reportOtherWriter } from './commit-report.js';
import {
  appendToJournal,
  JOURNAL_TEMP_NAME,
  type JournalContent,
  type PublishEntry,
  sha256,
} from './journal.js';
import { loadKernel } from './kernel.js';
import type { MapLocation } from './location.js';
import { lacking, rawValues } from './merge.js';
import { keyOf, type Mapping, mappingsOf, type SessionMap, sessionMapIn } from './session-map.js';
import { type Settled, settle, wholeContentOf } from './settle.js';
import { leftoverName } from './temp-file.js';

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
  if (publication === undefined || isMapItself(stats, location)) {
    unlinkQuietly(path);
    return;
  }
  const { bytes, isQuiet } = await contentLeft(path, stats);
  const theirs = bytes && sessionMapIn(bytes);
  const otherWriter = isQuiet ? (theirs === undefined ? 'died' : 'done') : 'still-writing';
  reportOtherWriter(location.path, otherWriter, problems);
  const isKnown = bytes !== undefined && [publication.from, publication.to].includes(sha256(bytes));
  if (theirs !== undefined && !isKnown) {
    const isTakenIn = await takeIn(location, theirs, publication, journal, run, problems);
    if (!isTakenIn) {
      problems.warn(
        `${path}: has another program's change to the map, which could not be taken in; move it away when you do not need it`,
      );
      return;
    }
  }
  if (isQuiet) unlinkQuietly(path);
}

/** Killed after the map got a second name, and before it lost its first one. */
function isMapItself({ ino }: Stats, { path }: MapLocation): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.ino === ino;
}

// Who has not written into a map without a name for so long has come to an end, whatever it holds open.
const FORSAKEN_MS = 10 * 60 * 1000;

async function contentLeft(path: string, { mtimeMs }: Stats): Promise<Settled> {
  const file = openForReading(path);
  try {
    const isForsaken = Date.now() - mtimeMs > FORSAKEN_MS;
    return isForsaken
      ? { bytes: wholeContentOf(file), isQuiet: true }
      : await settle(file, loadKernel());
  } finally {
    closeSync(file);
  }
}

/**
 * Merges the change that another program made to a map which a killed run had swapped out.
 *
 * @returns whether all that it brought is in the map now
 */
async function takeIn(
  location: MapLocation,
  theirs: SessionMap,
  publication: PublishEntry,
  journal: JournalContent,
  run: string,
  problems: Problems,
): Promise<boolean> {
  const removed = removedBy(publication.run, journal);
  const wasRemoved = (mapping: Mapping): boolean => removed.get(keyOf(mapping)) === mapping.session;
  let overruled: string[] = [];
  let isChanged = false;
  const { map, failure } = await commit(
    location,
    {
      revise(map) {
        overruled = differing(theirs, map);
        return map.text;
      },
      announce(next) {
        isChanged = true;
        const at = new Date().toISOString();
        appendToJournal(location.directory, [{ op: 'publish', run, at, ...next }]);
      },
      holds: () => true,
    },
    {
      exchange: undefined,
      theirs,
      isOurs: (bytes) => !publication.hadMerged && sha256(bytes) === publication.to,
      wasRemoved,
    },
  );
  if (failure !== undefined) throw failure;
  if (isChanged) {
    problems.warn(
      `${location.path}: an earlier run had not taken in the change of another program; it is in the map now`,
    );
  }
  if (overruled.length > 0) {
    problems.warn(
      `${location.path}: an earlier run had not taken in the change of another program; these chats stay as the map has them by now: ${overruled.join(', ')}`,
    );
  }
  return map !== undefined && lacking({ theirs, wasRemoved }, map).length === 0;
}

/** The chats that both maps have, with different values. */
function differing(theirs: SessionMap, map: SessionMap): string[] {
  const values = rawValues(map);
  return mappingsOf(theirs)
    .filter((mapping) => (values.get(keyOf(mapping)) ?? mapping.raw) !== mapping.raw)
    .map(({ provider, chat }) => `${provider}/${chat}`);
}

/** The sessions of the mappings that a run removed, by their keys. */
function removedBy(run: string, journal: JournalContent): Map<string, string> {
  const removed = new Map<string, string>();
  for (const entry of journal.entries) {
    if (entry.op === 'remove' && entry.run === run) {
      removed.set(keyOf(entry), entry.session);
    }
  }
  return removed;
}
