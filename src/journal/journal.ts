import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import { syncDirectory, writeFully } from '../system/durable.js';
import { openForReading } from '../system/open.js';
import { replaceFile } from '../system/replace-file.js';
import { unlinkIfThere } from '../system/unlink.js';

export const JOURNAL_NAME = 'session_map.removed.jsonl';

/** A mapping that a run removed, or was about to remove. */
export interface RemovedEntry {
  readonly op: 'remove';
  readonly run: string;
  /** ISO 8601, UTC */
  readonly at: string;
  readonly provider: string;
  readonly chat: string;
  readonly session: string;
  /** The value's JSON text as it stood in the map. */
  readonly raw: string;
  /** The session's last activity, ms since the epoch, or null when it had no transcript. */
  readonly lastActivity: number | null;
  /** It stood in a flat map. */
  readonly flat?: true;
}

/** A map about to be published: lets the next run tell what a killed run left behind. */
export interface PublishEntry {
  readonly op: 'publish';
  readonly run: string;
  readonly at: string;
  readonly temp: string;
  /** SHA-256 of the map that it replaces, and of the new one. */
  readonly from: string;
  readonly to: string;
}

/** The end of a run that was to remove mappings. */
export interface DoneEntry {
  readonly op: 'done';
  readonly run: string;
  readonly at: string;
  /** Those that stayed after all. */
  readonly kept: readonly ChatName[];
  /** Those that a bridge was asked to forget and that may have stayed. */
  readonly unsure: readonly ChatName[];
  /** How often another process changed the map while it was being committed. */
  readonly collisions: number;
}

interface ChatName {
  readonly provider: string;
  readonly chat: string;
}

/** A mapping that was put back. */
export interface RestoredEntry {
  readonly op: 'restore';
  readonly run: string;
  readonly at: string;
  readonly provider: string;
  readonly chat: string;
  readonly session: string;
}

export type JournalEntry = RemovedEntry | PublishEntry | DoneEntry | RestoredEntry;

/** What the journal says, in the order that it was written. */
export interface JournalContent {
  readonly entries: readonly JournalEntry[];
  /** The numbers of the lines that make no sense. */
  readonly damaged: readonly number[];
  readonly bytes: number;
}

// Rewriting on every run would be work for nothing: entries may outlive their days a little.
const PRUNE_SLACK_MS = 24 * 3600 * 1000;
const MAX_BYTES = 32 * 1024 * 1024;

export function journalPath(directory: string): string {
  return join(directory, JOURNAL_NAME);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Reads the journal; one that is not there is empty. Lines that make no sense are passed over, and so is
 * a last one that a killed run left unfinished: nothing that it was to announce took place.
 *
 * @throws CleanupError when it can't be read
 */
export function readJournal(directory: string): JournalContent {
  const path = journalPath(directory);
  let text: string;
  try {
    const file = openForReading(path);
    try {
      mustBeOurs(fstatSync(file));
      text = readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { entries: [], damaged: [], bytes: 0 };
    throw new CleanupError(`${printable(path)}: can't read the journal: ${reason(error)}`);
  }
  const entries: JournalEntry[] = [];
  const damaged: number[] = [];
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    if (line === '') continue;
    const entry = parseLine(line);
    if (entry !== undefined) entries.push(entry);
    else if (at < lines.length - 1) damaged.push(at + 1);
  }
  return { entries, damaged, bytes: Buffer.byteLength(text) };
}

/**
 * Appends entries and sees them safely on the disk.
 *
 * @throws CleanupError when that fails: what is not in the journal must not be removed
 */
export function appendToJournal(directory: string, entries: readonly JournalEntry[]): void {
  const path = journalPath(directory);
  try {
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    const file = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      const stats = fstatSync(file);
      mustBeOurs(stats);
      const lastLine = unendedLine(file, stats.size);
      const isWhole = parseLine(lastLine.toString()) !== undefined;
      const end = isWhole ? stats.size : stats.size - lastLine.length;
      if (end < stats.size) ftruncateSync(file, end);
      const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
      try {
        writeFully(file, isWhole ? `\n${lines}` : lines);
        fsyncSync(file);
      } catch (error) {
        ftruncateSync(file, end);
        throw error;
      }
    } finally {
      closeSync(file);
    }
    syncDirectory(directory);
  } catch (error) {
    throw new CleanupError(
      `${printable(path)}: can't write the journal: ${reason(error)}; without it nothing is changed`,
    );
  }
}

/** Reading a device might never end; another user's journal could have anything restored. */
function mustBeOurs(stats: Stats): void {
  if (!stats.isFile()) throw new CleanupError('not a regular file');
  const user = process.geteuid?.() ?? 0;
  if (![user, 0].includes(stats.uid) && user !== 0) {
    throw new CleanupError(`it belongs to user ${stats.uid}; remove it if it is not yours`);
  }
}

const NEWLINE = 0x0a;

/** The line at the end that has no end: a killed run's, or one that somebody wrote by hand. */
function unendedLine(file: number, size: number): Buffer {
  const last = Buffer.alloc(Math.min(size, 1));
  readSync(file, last, 0, last.length, size - last.length);
  if (last.length === 0 || last[0] === NEWLINE) return Buffer.alloc(0);
  const all = Buffer.alloc(size);
  readSync(file, all, 0, size, 0);
  return all.subarray(all.lastIndexOf(NEWLINE) + 1);
}

/**
 * Drops what is older than it needs to be, and the oldest of what is too much; never anything of this
 * run.
 *
 * @param keepMs how long removed mappings can be restored, ms
 */
export function pruneJournal(
  directory: string,
  keepMs: number,
  now: number,
  run: string,
  problems: Problems,
): void {
  try {
    const content = readJournal(directory);
    const oldest = content.entries[0];
    const isOld = oldest !== undefined && now - Date.parse(oldest.at) > keepMs + PRUNE_SLACK_MS;
    if (!isOld && content.bytes <= MAX_BYTES) return;
    const kept = keepNewest(content.entries, now - keepMs, run);
    replaceJournal(directory, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  } catch (error) {
    problems.warn(
      `${journalPath(directory)}: can't be shortened: ${reason(error)}; it keeps its old entries`,
    );
  }
}

function keepNewest(entries: readonly JournalEntry[], since: number, run: string): JournalEntry[] {
  const kept: JournalEntry[] = [];
  let bytes = 0;
  for (const entry of entries.toReversed()) {
    bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
    const isRoomy = bytes <= MAX_BYTES / 2 && Date.parse(entry.at) >= since;
    if (entry.run === run || isRoomy) kept.push(entry);
  }
  return kept.reverse();
}

/** A temp file of a fixed name: the lock is ours, and a killed run's is simply written anew. */
export const JOURNAL_TEMP_NAME = `.${JOURNAL_NAME}.tmp`;

function replaceJournal(directory: string, text: string): void {
  const temp = join(directory, JOURNAL_TEMP_NAME);
  unlinkIfThere(temp);
  replaceFile(journalPath(directory), text, { temp, mode: 0o600 });
  syncDirectory(directory);
}

function parseLine(line: string): JournalEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isEntry(value) ? value : undefined;
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  remove: ['provider', 'chat', 'session', 'raw'],
  publish: ['temp', 'from', 'to'],
  restore: ['provider', 'chat', 'session'],
  done: [],
};

function isEntry(value: unknown): value is JournalEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Readonly<Record<string, unknown>>;
  const fields = FIELDS[String(entry['op'])];
  if (fields === undefined || !Object.hasOwn(FIELDS, String(entry['op']))) return false;
  if (![...fields, 'run', 'at'].every((field) => typeof entry[field] === 'string')) return false;
  if (Number.isNaN(Date.parse(String(entry['at'])))) return false;
  if (entry['op'] === 'remove') return isJson(String(entry['raw']));
  return entry['op'] !== 'done' || (Array.isArray(entry['kept']) && Array.isArray(entry['unsure']));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
