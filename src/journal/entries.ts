import type { ChatName } from '../session-map/by-chat.js';
import { isLike, isRecord, parseJson } from '../system/json.js';

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

/** A mapping that was put back. */
export interface RestoredEntry extends Entry, ChatName {
  readonly op: 'restore';
  readonly session: string;
}

/** The end of a run that was to remove mappings. A run can have several, each with some of the names. */
interface DoneEntry extends Entry {
  readonly op: 'done';
  /** Those that stayed after all. */
  readonly kept: readonly ChatName[];
  /** Those that a bridge was asked to forget and that may have stayed. */
  readonly unsure: readonly ChatName[];
  /** How often another process changed the map while it was being committed. */
  readonly collisions: number;
}

/** Version 1.0 wrote 'publish'; nobody reads it. */
export type JournalEntry = RemovedEntry | RestoredEntry | DoneEntry | (Entry & { op: 'publish' });

const STAMP = { run: '', at: '' };
const NAME = { provider: '', chat: '' };
/** The entries in outline, by what they are. */
const OUTLINES = new Map<unknown, object>([
  ['remove', { ...STAMP, ...NAME, session: '', raw: '' }],
  ['restore', { ...STAMP, ...NAME, session: '' }],
  ['done', { ...STAMP, kept: [NAME], unsure: [NAME] }],
  ['publish', STAMP],
]);

/** The entry that a line of the journal is; undefined for one that makes no sense. */
export function parseEntry(line: string): JournalEntry | undefined {
  const value = parseJson(line);
  return isEntry(value) ? value : undefined;
}

function isEntry(value: unknown): value is JournalEntry {
  if (!isRecord(value)) return false;
  const { op, at, raw, lastActivity } = value;
  if (!isLike(value, OUTLINES.get(op)) || Number.isNaN(Date.parse(String(at)))) return false;
  const isTime = lastActivity === null || typeof lastActivity === 'number';
  return op !== 'remove' || (isTime && parseJson(String(raw)) !== undefined);
}
