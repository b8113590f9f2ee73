import { closeSync, constants, fsyncSync, ftruncateSync } from 'node:fs';
import { join } from 'node:path';
import { millisecondsInDay } from 'date-fns/constants';
import { CleanupError, errorCode, reason } from '../errors.js';
import { counted } from '../output/counted.js';
import type { Problems } from '../output/problems.js';
import { type MapPlace, mustBeInPlace } from '../session-map/location.js';
import { syncDirectory, writeFully } from '../system/durable.js';
import { replaceFile } from '../system/replace-file.js';
import { type JournalEntry, parseEntry } from './entries.js';
import { type Line, linesFromEnd, piecesFrom } from './lines.js';
import { openOurs } from './ours.js';

export const JOURNAL_NAME = 'session_map.removed.jsonl';
/** Of a fixed name, since the lock is ours; a killed run's goes with the other leftovers. */
export const JOURNAL_TEMP_NAME = `.${JOURNAL_NAME}.tmp`;

// Rewriting on every run would be work for nothing: entries may outlive their days a little.
const PRUNE_SLACK_MS = millisecondsInDay;
const FIRST_BYTES = 64 * 1024;
const WRITE_BYTES = 1024 * 1024;

/**
 * The journal beside a map, newest entry first; one that is not there is empty. It is read in pieces each
 * time that it is gone through, and no more of it is held than a line. Lines that make no sense are
 * skipped, and so is a last one that a killed run left unfinished: nothing that it was to announce took place.
 */
export class Journal implements Iterable<JournalEntry> {
  readonly #path: string;
  /** How many lines the last reading has skipped. */
  damaged = 0;

  constructor(directory: string) {
    this.#path = join(directory, JOURNAL_NAME);
  }

  /** Tells of the lines that the last reading has skipped. */
  reportDamaged(problems: Problems): void {
    if (this.damaged === 0) return;
    const lines = counted(this.damaged, 'unreadable line');
    problems.warn(`${this.#path}: skipped ${lines}; what stood there can't be restored`);
  }

  /** @throws CleanupError when it can't be read */
  *[Symbol.iterator](): Generator<JournalEntry> {
    this.damaged = 0;
    let file: number | undefined;
    try {
      const opened = openOurs(this.#path);
      file = opened.file;
      for (const { text, isEnded } of linesFromEnd(file, opened.size)) {
        const entry = parseEntry(text);
        if (entry !== undefined) yield entry;
        else if (isEnded && text !== '') this.damaged += 1;
      }
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      throw new CleanupError(
        `${this.#path}: can't read the journal: ${reason(error)}; nothing was changed`,
      );
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

/**
 * Appends entries and sees them safely on the disk.
 *
 * @throws CleanupError when that fails: what is not in the journal must not be removed
 */
export function appendToJournal(place: MapPlace, entries: Iterable<JournalEntry>): void {
  const path = join(place.directory, JOURNAL_NAME);
  try {
    mustBeInPlace(place);
    const { O_RDWR, O_APPEND, O_CREAT } = constants;
    const { file, size } = openOurs(path, O_RDWR | O_APPEND | O_CREAT);
    try {
      // Without the line that a killed run has left unfinished.
      const [last] = linesFromEnd(file, size);
      const end = last?.isEnded === false ? last.start : size;
      ftruncateSync(file, end);
      try {
        writeLines(file, entries);
        fsyncSync(file);
      } catch (error) {
        ftruncateSync(file, end);
        throw error;
      }
    } finally {
      closeSync(file);
    }
    syncDirectory(place.directory);
  } catch (error) {
    throw new CleanupError(
      `${path}: can't write the journal: ${reason(error)}; without it nothing is changed`,
    );
  }
}

function writeLines(file: number, entries: Iterable<JournalEntry>): void {
  let piece = '';
  for (const entry of entries) {
    piece += `${JSON.stringify(entry)}\n`;
    if (piece.length < WRITE_BYTES) continue;
    writeFully(file, piece);
    piece = '';
  }
  writeFully(file, piece);
}

/**
 * Drops what is older than it needs to be from the beginning of the journal.
 *
 * @param keepMs how long removed mappings can be restored, ms
 * @param now ms since the epoch; of two clocks that disagree, the one that is behind
 */
export function pruneJournal(
  place: MapPlace,
  keepMs: number,
  now: number,
  problems: Problems,
): void {
  const path = join(place.directory, JOURNAL_NAME);
  try {
    mustBeInPlace(place);
    const { file, size } = openOurs(path);
    try {
      const start = startOfKept(file, size, keepMs, now);
      if (start === 0) return;
      const temp = join(place.directory, JOURNAL_TEMP_NAME);
      replaceFile(path, piecesFrom(file, start, size), { temp, mode: 0o600 });
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    problems.warn(`${path}: can't be shortened: ${reason(error)}; it keeps its old entries`);
  }
}

/** Where what is old ends; 0 when that is not worth writing the journal anew. */
function startOfKept(file: number, size: number, keepMs: number, now: number): number {
  const ageOf = ({ text }: Line): number => now - Date.parse(parseEntry(text)?.at ?? '');
  const first = [...linesFromEnd(file, Math.min(size, FIRST_BYTES))];
  if (!first.some((line) => ageOf(line) > keepMs + PRUNE_SLACK_MS)) return 0;
  let start = 0;
  for (const line of linesFromEnd(file, size)) {
    const age = ageOf(line);
    if (age > keepMs) start ||= line.end;
    // What a clock that was ahead has written goes with the first old entry behind it.
    else if (age >= 0) start = 0;
  }
  return start;
}
