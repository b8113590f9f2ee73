import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import type { ChatName } from '../session-map/by-chat.js';
import { type MapPlace, mustBeInPlace } from '../session-map/location.js';
import { syncDirectory, writeFully } from '../system/durable.js';
import { isLike, isRecord, type JsonRecord, parseJson } from '../system/json.js';
import { openForReading } from '../system/open.js';
import { replaceFile } from '../system/replace-file.js';
import { unlinkIfThere } from '../system/unlink.js';
import { type Line, linesFromEnd, piecesFrom } from './lines.js';

export const JOURNAL_NAME = 'session_map.removed.jsonl';

/** What all entries tell. */
interface Entry {
  /** The id of the run that wrote it. */
  readonly run: string;
  /** ISO 8601, UTC */
  readonly at: string;
}

/** A mapping that a run removed, or was about to remove. */
export interface RemovedEntry extends Entry, ChatName {
  readonly op: 'remove';
  readonly session: string;
  /** The value's JSON text as it stood in the map. */
  readonly raw: string;
  /** The session's last activity, ms since the epoch, or null when it had no transcript. */
  readonly lastActivity: number | null;
  /** It stood in a flat map. */
  readonly flat?: true;
}

/** Version 1.0 wrote these; nobody reads them. */
interface PublishEntry extends Entry {
  readonly op: 'publish';
}

/** The end of a run that was to remove mappings. A run can have several, each with some of the names. */
export interface DoneEntry extends Entry {
  readonly op: 'done';
  /** Those that stayed after all. */
  readonly kept: readonly ChatName[];
  /** Those that a bridge was asked to forget and that may have stayed. */
  readonly unsure: readonly ChatName[];
  /** How often another process changed the map while it was being committed. */
  readonly collisions: number;
}

/** A mapping that was put back. */
export interface RestoredEntry extends Entry, ChatName {
  readonly op: 'restore';
  readonly session: string;
}

export type JournalEntry = RemovedEntry | PublishEntry | DoneEntry | RestoredEntry;

// Rewriting on every run would be work for nothing: entries may outlive their days a little.
const PRUNE_SLACK_MS = 24 * 3600 * 1000;
const FIRST_BYTES = 64 * 1024;
const WRITE_BYTES = 1024 * 1024;

export function journalPath(directory: string): string {
  return join(directory, JOURNAL_NAME);
}

/**
 * The journal beside a map, newest entry first; one that is not there is empty. It is read in pieces each
 * time that it is gone through, and no more of it is held than a line. Lines that make no sense are
 * skipped, and so is a last one that a killed run left unfinished: nothing that it was to announce took place.
 */
export class Journal implements Iterable<JournalEntry> {
  readonly #path: string;
  /** How many lines the last reading has skipped. */
  damaged = 0;
  /** Its size when it was last read. */
  bytes = 0;

  constructor(directory: string) {
    this.#path = journalPath(directory);
  }

  /** @throws CleanupError when it can't be read */
  *[Symbol.iterator](): Generator<JournalEntry> {
    this.damaged = 0;
    this.bytes = 0;
    let file: number | undefined;
    try {
      file = openForReading(this.#path);
      const stats = fstatSync(file);
      mustBeOurs(stats, this.#path);
      this.bytes = stats.size;
      for (const { text, isEnded } of linesFromEnd(file, stats.size)) {
        const entry = text === undefined ? undefined : parseLine(text);
        if (entry !== undefined) yield entry;
        else if (isEnded && text !== '') this.damaged += 1;
      }
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      throw new CleanupError(
        `${printable(this.#path)}: can't read the journal: ${reason(error)}; nothing was changed`,
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
  const path = journalPath(place.directory);
  try {
    mustBeInPlace(place);
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    const file = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      const stats = fstatSync(file);
      mustBeOurs(stats, path);
      const end = endOfWholeLines(file, stats.size);
      if (end < stats.size) ftruncateSync(file, end);
      try {
        for (const text of inPieces(entries)) writeFully(file, text);
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
      `${printable(path)}: can't write the journal: ${reason(error)}; without it nothing is changed`,
    );
  }
}

function* inPieces(entries: Iterable<JournalEntry>): Generator<string> {
  let piece = '';
  for (const entry of entries) {
    piece += `${JSON.stringify(entry)}\n`;
    if (piece.length < WRITE_BYTES) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** Without the line that a killed run has left unfinished. */
function endOfWholeLines(file: number, size: number): number {
  for (const { isEnded, start } of linesFromEnd(file, size)) return isEnded ? size : start;
  return size;
}

/**
 * Reading a device might never end; another user's journal could have anything restored. Root, who may look
 * at another user's map, reads the journal of the user whose directory it is.
 */
function mustBeOurs(stats: Stats, path: string): void {
  if (!stats.isFile()) throw new CleanupError('not a regular file');
  const user = process.geteuid?.() ?? 0;
  const trusted = [user, 0, ...(user === 0 ? [statSync(dirname(path)).uid] : [])];
  if (trusted.includes(stats.uid)) return;
  throw new CleanupError(`it belongs to user ${stats.uid}; remove it if it is not yours`);
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
  const path = journalPath(place.directory);
  try {
    mustBeInPlace(place);
    const file = openForReading(path);
    try {
      const { size } = fstatSync(file);
      const start = startOfKept(file, size, keepMs, now);
      if (start === 0) return;
      const temp = join(place.directory, JOURNAL_TEMP_NAME);
      unlinkIfThere(temp);
      replaceFile(path, piecesFrom(file, start, size), { temp, mode: 0o600 });
      syncDirectory(place.directory);
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
  const agesIn = function* (bytes: number): Generator<readonly [number, Line]> {
    for (const line of linesFromEnd(file, bytes)) {
      yield [now - Date.parse(parseLine(line.text ?? '')?.at ?? ''), line];
    }
  };
  const first = [...agesIn(Math.min(size, FIRST_BYTES))];
  if (!first.some(([age]) => age > keepMs + PRUNE_SLACK_MS)) return 0;
  let start = 0;
  for (const [age, { end }] of agesIn(size)) {
    if (age > keepMs) start ||= end;
    // What a clock that was ahead has written goes with the first old entry behind it.
    else if (age >= 0) start = 0;
  }
  return start;
}

/** A temp file of a fixed name: the lock is ours, and a killed run's is simply written anew. */
export const JOURNAL_TEMP_NAME = `.${JOURNAL_NAME}.tmp`;

function parseLine(line: string): JournalEntry | undefined {
  const value = parseJson(line);
  return isEntry(value) ? value : undefined;
}

const STAMP = { run: '', at: '' };
const NAME = { provider: '', chat: '' };
/** The entries in outline, by what they are. */
const OUTLINES: JsonRecord = {
  remove: { ...STAMP, ...NAME, session: '', raw: '' },
  publish: STAMP,
  restore: { ...STAMP, ...NAME, session: '' },
  done: { ...STAMP, kept: [NAME], unsure: [NAME] },
};

function isEntry(value: unknown): value is JournalEntry {
  const { op = '', at, raw, lastActivity } = isRecord(value) ? value : {};
  if (!Object.hasOwn(OUTLINES, String(op)) || !isLike(value, OUTLINES[String(op)])) return false;
  if (Number.isNaN(Date.parse(String(at)))) return false;
  const isTime = lastActivity === null || typeof lastActivity === 'number';
  return op !== 'remove' || (isTime && parseJson(String(raw)) !== undefined);
}
