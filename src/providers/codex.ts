import { basename, dirname } from 'node:path';
import type { Provider } from './provider.js';
import { parentsInside } from './session-id-inside.js';
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

  classify(directory, name, isDirectory, { has, oldestStart }) {
    const [top] = directory;
    if (top === undefined) return isDirectory && TOPS.has(name) ? 'keep' : 'skip';
    if (isDirectory) {
      const canBeDate = top === DATED && directory.length <= DATE_PARTS;
      if (!canBeDate || idInName(name) !== undefined) return 'skip';
      return endsBefore([...directory.slice(1), name], oldestStart) ? 'too-old' : 'keep';
    }
    if (directory.length !== 1 && directory.length !== 1 + DATE_PARTS) return 'skip';
    const id = idInName(name);
    if (id === undefined) return 'skip';
    return has(id) ? 'keep' : 'other-transcript';
  },

  claim(path) {
    const id = idInName(path.at(-1) ?? '');
    return id === undefined ? undefined : { by: 'name', session: id, part: 'transcript' };
  },

  // All lie side by side.
  ownerOf: () => undefined,
  subAgents: {
    mayLieIn: ([, ...date], since) => date.length === DATE_PARTS && !endsBefore(date, since),
    parentsOf: parentsInside,
  },
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

const ROLLOUT = /^rollout-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-(.+?)\.jsonl(?:\.zst)?$/;
const PLAIN = /^(?!rollout-)(.+?)\.jsonl(?:\.zst)?$/;

const UUID = /^.*(?<![0-9a-f])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])/i;
const ENDING = /\.jsonl(?:\.zst)?$/;
const TEMP = /^rollout-(?:compress|materialize)-/;

function idInName(name: string): string | undefined {
  if (!ENDING.test(name) || TEMP.test(name)) return undefined;
  return (UUID.exec(name) ?? ROLLOUT.exec(name) ?? PLAIN.exec(name))?.[1];
}

const DAY_MS = 24 * 3600 * 1000;
const NUMBER = /^\d+$/;

/**
 * Whether a date directory's whole time is over before a moment, with two days to spare: the
 * directory has the local date of a time zone that we don't know.
 *
 * @param names year, month, day, as far as they are known
 */
function endsBefore(names: readonly string[], moment: number | undefined): boolean {
  if (moment === undefined || !names.every((name) => NUMBER.test(name))) return false;
  const [year, month, day] = names.map(Number);
  if (year === undefined) return false;
  let end: number;
  if (month === undefined) end = Date.UTC(year + 1, 0, 1);
  else if (day === undefined) end = Date.UTC(year, month, 1);
  else end = Date.UTC(year, month - 1, day + 1);
  return end + 2 * DAY_MS < moment;
}
