import { randomUUID } from 'node:crypto';
import { CleanupError, EXIT, type ExitStatus } from '../errors.js';
import type { RestoreOptions } from '../options.js';
import { printable, printableJson } from '../printable.js';
import { Problems } from '../problems.js';
import { restoreJson } from '../report/json.js';
import type { RestoreReport } from '../report/restore-report.js';
import { restoreText } from '../report/restore-text.js';
import { printProblems } from '../report/stderr.js';
import { print } from '../report/stdout.js';
import { journalPath, readJournal } from '../session-map/journal.js';
import { locateMap, type MapLocation } from '../session-map/location.js';
import { takeLock } from '../session-map/lock.js';
import { keyOf } from '../session-map/merge.js';
import { readMap } from '../session-map/read.js';
import { recoverLeftovers } from '../session-map/recover.js';
import { chooseRemovals, type Restorable, restorables } from '../session-map/restorable.js';
import { restoreToFile } from '../session-map/restore.js';
import { mappingsOf } from '../session-map/session-map.js';
import { undisturbed } from '../signals.js';

/**
 * Puts removed mappings back; with nothing named it lists those that could be.
 *
 * @param chats chat ids, whole or as the reports show them, or `provider/chat`
 * @throws CleanupError when a chat is unknown or the map can't be written; the map is whole
 */
export async function restore(
  chats: readonly string[],
  options: RestoreOptions,
): Promise<ExitStatus> {
  const problems = new Problems();
  const asksForNone = chats.length === 0 && !options.all && !options.last;
  try {
    const location = locateMap(options.sessionDir, !options.dryRun && !asksForNone, problems);
    const report =
      asksForNone || options.dryRun
        ? await look(location, chats, asksForNone, options, problems)
        : await putBack(location, chats, options, problems);
    if (options.json) await print(printableJson(restoreJson(report)));
    else if (!options.quiet) await print(await restoreText(report, options));
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
  const all = await restorableNow(location, problems);
  const chosen = asksForNone ? all : chooseRemovals(all, chats, options);
  return {
    dryRun: options.dryRun,
    isListing: asksForNone,
    map: location.named,
    rows: chosen.map((removal) => ({
      removal,
      action: removal.isMapped ? 'kept' : asksForNone ? 'restorable' : 'would-restore',
    })),
    problems: problems.all,
  };
}

async function putBack(
  location: MapLocation,
  chats: readonly string[],
  options: RestoreOptions,
  problems: Problems,
): Promise<RestoreReport> {
  const release = await takeLock(location.directory);
  try {
    const run = randomUUID();
    await recoverLeftovers(location, readJournal(location.directory), run, problems);
    const chosen = chooseRemovals(await restorableNow(location, problems), chats, options);
    const entries = chosen.map(({ entry }) => entry);
    const restored = await undisturbed(() => restoreToFile(location, entries, run));
    return {
      dryRun: false,
      isListing: false,
      map: location.named,
      rows: chosen.map((removal) => ({
        removal,
        action: restored.has(keyOf(removal.entry.provider, removal.entry.chat))
          ? 'restored'
          : 'kept',
      })),
      problems: problems.all,
    };
  } finally {
    release();
  }
}

async function restorableNow(location: MapLocation, problems: Problems): Promise<Restorable[]> {
  const journal = readJournal(location.directory);
  if (journal.damaged.length > 0) {
    problems.warn(
      `${journalPath(location.directory)}: passed over ${journal.damaged.length} lines that make no sense (the first is line ${journal.damaged[0]})`,
    );
  }
  const current = await readMap(location.path);
  if (current === undefined) {
    throw new CleanupError(
      `${printable(location.named)}: no session map here; nothing can be put back. Is --session-dir right?`,
    );
  }
  return restorables(journal.entries, mappingsOf(current.map));
}
