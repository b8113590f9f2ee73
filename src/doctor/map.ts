import { accessSync, constants, type Stats } from 'node:fs';
import { lateClock } from '../clean/guards.js';
import { lockHolder } from '../commit/lock.js';
import { CleanupError, reason } from '../errors.js';
import { JOURNAL_NAME, Journal, type JournalEntry } from '../journal/journal.js';
import { counted } from '../output/counted.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { Problems } from '../output/problems.js';
import { foreignGroup, locateMap, type MapLocation } from '../session-map/location.js';
import { type MapSnapshot, readMap } from '../session-map/read.js';
import type { MappedSection } from '../sessions/mapped.js';

/** The map's file as far as it could be looked at. */
export interface MapFindings {
  readonly checks: readonly Finding[];
  readonly snapshot: MapSnapshot | undefined;
  /** Newest entry first; empty when it can't be read. */
  readonly journal: Iterable<JournalEntry>;
}

const NO_JOURNAL: readonly JournalEntry[] = [];
const HOUR_MS = 3600 * 1000;

/**
 * Looks at the map, its directory, the lock and the journal.
 *
 * @param now ms since the epoch
 */
export async function checkMap(sessionDir: string, now: number): Promise<MapFindings> {
  const problems = new Problems();
  try {
    const location = locateMap(sessionDir, false, problems);
    const warnings = problems.all.map(
      ({ subject, message, fix }): Finding => warning('map', `${subject}: ${message}`, fix),
    );
    const group = foreignGroup(location);
    if (group !== undefined)
      warnings.push(problem('map', `${group.subject}: ${group.message}`, group.fix));
    const snapshot = await readMap(location.path);
    if (snapshot === undefined) {
      const message = `no ${location.named} yet: nothing to clean`;
      const fix = 'right if the bridge has not mapped a chat yet; otherwise check --session-dir';
      return {
        checks: [...warnings, warning('map', message, fix)],
        snapshot,
        journal: NO_JOURNAL,
      };
    }
    let journal: Iterable<JournalEntry> = NO_JOURNAL;
    const checks = [
      ...warnings,
      describeMap(location, snapshot, now),
      checkDirectory(location, snapshot.stats),
      attempt('lock', () => checkLock(location)),
      attempt('journal', () => {
        const found = new Journal(location.directory);
        const check = checkJournal(found);
        journal = found;
        return check;
      }),
    ];
    return { checks, snapshot, journal };
  } catch (error) {
    return { checks: [failed('map', error)], snapshot: undefined, journal: NO_JOURNAL };
  }
}

/** One thing that can't be looked at does not keep the others from being looked at. */
function attempt(subject: string, check: () => Finding): Finding {
  try {
    return check();
  } catch (error) {
    return failed(subject, error);
  }
}

function failed(subject: string, error: unknown): Finding {
  if (!(error instanceof CleanupError)) throw error;
  return problem(subject, error.message, 'cleaning fails until this is mended');
}

function describeMap({ path }: MapLocation, { map, stats }: MapSnapshot, now: number): Finding {
  const late = lateClock(stats.mtimeMs, now);
  if (late !== undefined) return problem('map', `${late}: nothing is removed`, 'set the clock');
  const age = ((now - stats.mtimeMs) / HOUR_MS).toFixed(1);
  const shape = map.shape === 'flat' ? 'flat' : 'by provider';
  return ok('map', `${path}, ${shape}, of user ${stats.uid}, last written ${age}h ago`);
}

function checkDirectory({ directory }: MapLocation, { uid }: Stats): Finding {
  const isOurs = uid === process.geteuid?.();
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return ok('directory', `${directory} can be written to`);
  } catch (error) {
    return problem(
      'directory',
      `${directory} can't be written to by this user: ${reason(error)}`,
      isOurs ? `chmod u+wx '${directory}'` : `run as the map's owner, user ${uid}`,
    );
  }
}

function checkLock({ directory }: MapLocation): Finding {
  const holder = lockHolder(directory);
  return holder === undefined
    ? ok('lock', 'no run is under way')
    : warning('lock', `a run is under way (process ${holder})`, 'wait for its end');
}

function checkJournal(journal: Journal): Finding {
  let removed = 0;
  for (const { op } of journal) removed += op === 'remove' ? 1 : 0;
  const { damaged, bytes } = journal;
  const size = `${JOURNAL_NAME}: ${removed} removed mappings, ${(bytes / 1024).toFixed(1)} KiB`;
  return damaged === 0
    ? ok('journal', size)
    : warning(
        'journal',
        `${size}; ${counted(damaged, 'line')} can't be read`,
        'what stood there can not be restored',
      );
}

/** How many mappings each section has. */
export function checkSections(sections: readonly MappedSection[]): Finding {
  const counts = sections.map(({ provider, mappings }) => `${provider} ${mappings.length}`);
  return ok('mappings', counts.length === 0 ? 'none' : counts.join(', '));
}
