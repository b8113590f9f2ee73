import { basename, dirname } from 'node:path';
import { millisecondsInDay } from 'date-fns/constants';
import type { Provider } from './provider.js';
import { parentsInside } from './sessions-inside.js';
import { directoryInside } from './working-directory.js';

/**
 * Codex CLI (layout seen in 0.20 to 0.169): `sessions/yyyy/mm/dd/rollout-<local time>-<id>.jsonl`, the
 * same names flat under `archived_sessions/`, `.jsonl.zst` when its compression is on, and flat
 * `sessions/<id>.jsonl`; converters add a suffix to the time, or write `converted-<id>.jsonl`. Ids are
 * UUIDv7 (v4 in 0.20), so they tell the day that they were made; an imported thread has a new id in the
 * folder of an old day. `rollout-compress-*` and `rollout-materialize-*` are Codex's temp files. A
 * sub-agent has a rollout of its own, whose first line names its parent (0.169).
 */
export const codex: Provider = {
  family: 'codex',
  label: 'Codex CLI',
  rootVariable: 'CODEX_HOME',
  rootFrom: (value) => value,
  rootName: '.codex',

  entryOf(directory, name) {
    const [top] = directory;
    if (top === undefined) return TOPS.has(name) ? { names: 'directory' } : undefined;
    if (ENDING.test(name)) {
      return TEMP.test(name) ? undefined : { names: 'whole', session: idInName(name) };
    }
    const canBeDate = top === DATED && directory.length <= DATE_PARTS;
    return canBeDate ? { names: 'directory' } : undefined;
  },

  // All lie side by side.
  ownerOf: () => undefined,
  // With two days to spare: a directory has the local date of a time zone that we don't know.
  endOf([, ...date]) {
    const [year, month, day] = date.map(Number);
    if (year === undefined) return undefined;
    let end = Date.UTC(year + 1, 0, 1);
    if (day !== undefined) end = Date.UTC(year, Number(month) - 1, day + 1);
    else if (month !== undefined) end = Date.UTC(year, month, 1);
    return Number.isNaN(end) ? undefined : end + 2 * millisecondsInDay;
  },
  sessionsInside: parentsInside,
  projectOf: (transcript) => directoryInside(transcript) ?? null,
  // An archived session can't be resumed.
  resumeCommand: (session, transcript) =>
    basename(dirname(transcript)) === ARCHIVE ? [] : ['codex', 'resume', session],
};

const DATED = 'sessions';
const ARCHIVE = 'archived_sessions';
const TOPS = new Set([DATED, ARCHIVE]);
// yyyy/mm/dd
const DATE_PARTS = 3;

const ENDING = /\.jsonl(?:\.zst)?$/;
const TEMP = /^rollout-(?:compress|materialize)-/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const UUID_LENGTH = 36;
const ROLLOUT = /^rollout-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-/;

function idInName(name: string): string {
  const stem = name.replace(ENDING, '');
  const end = stem.slice(-UUID_LENGTH);
  return UUID.test(end) ? end : stem.replace(ROLLOUT, '');
}
