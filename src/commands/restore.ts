import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { reportCommit } from '../commit/commit.js';
import { clearLeftovers } from '../commit/leftovers.js';
import { takeLock } from '../commit/lock.js';
import { restoreToFile } from '../commit/restore-mappings.js';
import { CleanupError, UsageError } from '../errors.js';
import { Journal } from '../journal/journal.js';
import { chooseRemovals, type Restorable, restorables } from '../journal/restorable.js';
import type { Options } from '../options/resolve.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import { terminalWidth } from '../output/streams.js';
import {
  type RestoreReport,
  type RestoreRow,
  restoreJson,
  restoreText,
} from '../report/restore.js';
import { locateMap, type MapLocation } from '../session-map/location.js';
import { readMap } from '../session-map/read.js';
import { undisturbed } from '../system/signals.js';

/**
 * Puts removed mappings back; with nothing named it lists those that could be.
 *
 * @param chats chat ids, whole or as the reports show them, or `provider/chat`
 * @throws UsageError for chats beside --all or --last, or --replace without chats
 * @throws CleanupError when a chat is unknown or the map can't be written; the map is whole
 */
export async function restore(options: Options, problems: Problems, chats: readonly string[]) {
  const { all, last, replace, quiet } = options;
  if (chats.length > 0 && (all || last)) {
    throw new UsageError(`${all ? '--all' : '--last'} takes no chats: give one or the other`);
  }
  if (replace && chats.length === 0) {
    throw new UsageError('--replace takes the chats that are to get their old sessions back');
  }
  const report = await lookOrPutBack(options, problems, chats);
  return {
    json: () => restoreJson(report, problems.all),
    text: () => (quiet ? '' : restoreText(report, { ...options, width: terminalWidth() })),
  };
}

async function lookOrPutBack(
  { sessionDir, all, last, replace, dryRun }: Options,
  problems: Problems,
  chats: readonly string[],
): Promise<RestoreReport> {
  const isListing = chats.length === 0 && !all && !last;
  const location = locateMap(sessionDir, !dryRun && !isListing, problems);
  const looksOnly = isListing || dryRun || !existsSync(location.path);
  const release = looksOnly ? undefined : await takeLock(location.directory);
  try {
    if (!looksOnly) await clearLeftovers(location, problems);
    const current = await readMap(location.path);
    const journal = new Journal(location.directory);
    const removed = restorables(journal, current?.map);
    journal.reportDamaged(problems);
    const choice = { all, run: last ? removed.lastRun : undefined };
    const chosen = isListing ? removed.all : chooseRemovals(removed.all, chats, choice);
    const hasMap = current !== undefined;
    const report = { dryRun, isListing, hasMap, map: location.named };
    if (!looksOnly) return { ...report, rows: await putBack(location, chosen, replace, problems) };
    if (!hasMap && !isListing && removed.all.length > 0) {
      throw new CleanupError(
        `${printable(location.named)}: no session map here; nothing can be put back`,
        'is --session-dir right?',
      );
    }
    const action = isListing ? 'restorable' : 'would-restore';
    const rows = chosen.map((removal): RestoreRow => {
      const { obstacle } = removal;
      const goesBack = obstacle === undefined || (replace && obstacle === 'mapped');
      return { removal, action: goesBack ? action : 'kept' };
    });
    return { ...report, rows: hasMap ? rows : [] };
  } finally {
    release?.();
  }
}

async function putBack(
  location: MapLocation,
  chosen: readonly Restorable[],
  replace: boolean,
  problems: Problems,
): Promise<RestoreRow[]> {
  // The oldest first, as they stood in the map.
  const entries = chosen.map(({ entry }) => entry).reverse();
  const run = randomUUID();
  const restoration = await undisturbed(() => restoreToFile(location, entries, run, replace));
  reportCommit(location.path, restoration, problems);
  return chosen.map((removal) => ({
    removal,
    action: restoration.restored.has(removal.entry) ? 'restored' : 'kept',
  }));
}
