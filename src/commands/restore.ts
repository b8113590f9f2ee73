import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { clearLeftovers } from '../commit/leftovers.js';
import { takeLock } from '../commit/lock.js';
import { reportCommit } from '../commit/report.js';
import { restoreToFile } from '../commit/restore-mappings.js';
import { CleanupError, EXIT, type ExitStatus, UsageError } from '../errors.js';
import { journalPath, readJournal } from '../journal/journal.js';
import {
  chooseRemovals,
  lastRemovingRun,
  type Restorable,
  restorables,
} from '../journal/restorable.js';
import type { RestoreOptions } from '../options/resolve.js';
import { printable, printableJson } from '../output/printable.js';
import { Problems } from '../output/problems.js';
import { printProblems } from '../output/stderr.js';
import { print, terminalWidth } from '../output/stdout.js';
import { restoreJson } from '../report/json.js';
import type { RestoreReport } from '../report/restore-report.js';
import { restoreText } from '../report/restore-text.js';
import { locateMap, type MapLocation } from '../session-map/location.js';
import { keyOf } from '../session-map/parse.js';
import { readMap } from '../session-map/read.js';
import { undisturbed } from '../system/signals.js';

/**
 * Puts removed mappings back; with nothing named it lists those that could be.
 *
 * @param chats chat ids, whole or as the reports show them, or `provider/chat`
 * @throws UsageError for chats beside --all or --last
 * @throws CleanupError when a chat is unknown or the map can't be written; the map is whole
 */
export async function restore(
  chats: readonly string[],
  options: RestoreOptions,
): Promise<ExitStatus> {
  const problems = new Problems();
  if (chats.length > 0 && (options.all || options.last)) {
    throw new UsageError(
      `${options.all ? '--all' : '--last'} takes no chats: give one or the other`,
    );
  }
  const asksForNone = chats.length === 0 && !options.all && !options.last;
  try {
    const location = locateMap(options.sessionDir, !options.dryRun && !asksForNone, problems);
    const report =
      asksForNone || options.dryRun
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
  asksForNone: boolean,
  options: RestoreOptions,
  problems: Problems,
): Promise<RestoreReport> {
  const found = await findRemovals(location, problems);
  const chosen = asksForNone ? found.all : choose(found, chats, options);
  return {
    dryRun: options.dryRun,
    isListing: asksForNone,
    map: location.named,
    rows: chosen.map((removal) => ({
      removal,
      action: removal.obstacle ? 'kept' : asksForNone ? 'restorable' : 'would-restore',
    })),
  };
}

async function putBack(
  location: MapLocation,
  chats: readonly string[],
  options: RestoreOptions,
  problems: Problems,
): Promise<RestoreReport> {
  if (!existsSync(location.directory)) throw noMap(location);
  const release = await takeLock(location.directory);
  try {
    const run = randomUUID();
    await clearLeftovers(location, readJournal(location.directory), run, problems);
    const chosen = choose(await findRemovals(location, problems), chats, options);
    // The oldest first, as they stood in the map.
    const entries = chosen.map(({ entry }) => entry).reverse();
    const restoration = await undisturbed(() => restoreToFile(location, entries, run));
    reportCommit(location.path, restoration, problems);
    return {
      dryRun: false,
      isListing: false,
      map: location.named,
      rows: chosen.map((removal) => ({
        removal,
        action: restoration.restored.has(keyOf(removal.entry)) ? 'restored' : 'kept',
      })),
    };
  } finally {
    release();
  }
}

/** What the journal has and the map lacks. */
interface Found {
  readonly all: readonly Restorable[];
  readonly lastRun: string | undefined;
}

function choose(
  { all, lastRun }: Found,
  chats: readonly string[],
  options: RestoreOptions,
): Restorable[] {
  if (options.last && lastRun === undefined) return [];
  return chooseRemovals(all, chats, {
    all: options.all,
    run: options.last ? lastRun : undefined,
  });
}

async function findRemovals(location: MapLocation, problems: Problems): Promise<Found> {
  const { entries, damaged } = readJournal(location.directory);
  if (damaged.length > 0) {
    problems.warn(
      `${journalPath(location.directory)}: passed over ${damaged.length} lines that make no sense (the first is line ${damaged[0]})`,
    );
  }
  const current = await readMap(location.path);
  if (current === undefined) throw noMap(location);
  const all = restorables(entries, current.map);
  return { all, lastRun: lastRemovingRun(entries, all) };
}

function noMap({ named }: MapLocation): CleanupError {
  return new CleanupError(
    `${printable(named)}: no session map here; nothing can be put back. Is --session-dir right?`,
  );
}
