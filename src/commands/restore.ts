import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { clearLeftovers } from '../commit/leftovers.js';
import { takeLock } from '../commit/lock.js';
import { reportCommit } from '../commit/report.js';
import { restoreToFile } from '../commit/restore-mappings.js';
import { CleanupError, EXIT, type ExitStatus, UsageError } from '../errors.js';
import { Journal, journalPath } from '../journal/journal.js';
import {
  chooseRemovals,
  type Restorable,
  type Restorables,
  restorables,
} from '../journal/restorable.js';
import type { Options } from '../options/resolve.js';
import { counted } from '../output/counted.js';
import { printable, printableJson } from '../output/printable.js';
import { Problems } from '../output/problems.js';
import { print, printProblems, terminalWidth } from '../output/streams.js';
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
export async function restore(chats: readonly string[], options: Options): Promise<ExitStatus> {
  const problems = new Problems();
  if (chats.length > 0 && (options.all || options.last)) {
    throw new UsageError(
      `${options.all ? '--all' : '--last'} takes no chats: give one or the other`,
    );
  }
  if (options.replace && chats.length === 0) {
    throw new UsageError('--replace takes the chats that are to get their old sessions back');
  }
  const asksForNone = chats.length === 0 && !options.all && !options.last;
  try {
    const location = locateMap(options.sessionDir, !options.dryRun && !asksForNone, problems);
    const looksOnly = asksForNone || options.dryRun || !existsSync(location.path);
    const report = looksOnly
      ? await look(location, chats, asksForNone, options, problems)
      : await putBack(location, chats, options, problems);
    if (options.json) await print(printableJson(restoreJson(report, problems.all)));
    else if (!options.quiet) await print(await restoreText(report, options, terminalWidth()));
  } finally {
    printProblems(problems.all);
  }
  return problems.hasErrors ? EXIT.failed : EXIT.done;
}

async function look(
  location: MapLocation,
  chats: readonly string[],
  isListing: boolean,
  options: Options,
  problems: Problems,
): Promise<RestoreReport> {
  const found = await findRemovals(location, problems);
  const chosen = isListing ? found.all : choose(found, chats, options);
  if (!found.hasMap && !isListing && found.all.length > 0) throw noMap(location);
  const action = isListing ? 'restorable' : 'would-restore';
  const rows = chosen.map(
    (removal): RestoreRow => ({
      removal,
      action: canGoBack(removal, options) ? action : 'kept',
    }),
  );
  return {
    dryRun: options.dryRun,
    isListing,
    hasMap: found.hasMap,
    map: location.named,
    rows: found.hasMap ? rows : [],
  };
}

function canGoBack({ obstacle }: Restorable, { replace }: Options): boolean {
  return obstacle === undefined || (obstacle === 'mapped' && replace);
}

async function putBack(
  location: MapLocation,
  chats: readonly string[],
  options: Options,
  problems: Problems,
): Promise<RestoreReport> {
  const release = await takeLock(location.directory);
  try {
    const run = randomUUID();
    await clearLeftovers(location, problems);
    const chosen = choose(await findRemovals(location, problems), chats, options);
    // The oldest first, as they stood in the map.
    const entries = chosen.map(({ entry }) => entry).reverse();
    const restoration = await undisturbed(() =>
      restoreToFile(location, entries, run, options.replace),
    );
    reportCommit(location.path, restoration, problems);
    return {
      dryRun: false,
      isListing: false,
      hasMap: true,
      map: location.named,
      rows: chosen.map((removal) => ({
        removal,
        action: restoration.restored.has(removal.entry) ? 'restored' : 'kept',
      })),
    };
  } finally {
    release();
  }
}

/** What the journal has and the map lacks. */
interface Found extends Restorables {
  readonly hasMap: boolean;
}

function choose({ all, lastRun }: Found, chats: readonly string[], options: Options) {
  return chooseRemovals(all, chats, { all: options.all, run: options.last ? lastRun : undefined });
}

async function findRemovals(location: MapLocation, problems: Problems): Promise<Found> {
  const journal = new Journal(location.directory);
  const current = await readMap(location.path);
  const found = restorables(journal, current?.map);
  if (journal.damaged > 0) {
    problems.warn(
      `${journalPath(location.directory)}: skipped ${counted(journal.damaged, 'unreadable line')}; what stood there can't be restored`,
    );
  }
  return { ...found, hasMap: current !== undefined };
}

function noMap({ named }: MapLocation): CleanupError {
  return new CleanupError(
    `${printable(named)}: no session map here; nothing can be put back`,
    'is --session-dir right?',
  );
}
