import { millisecondsInHour } from 'date-fns/constants';
import { CleanupError } from '../errors.js';
import type { JournalEntry } from '../journal/entries.js';
import { type Removals, removedBefore } from '../journal/outcomes.js';
import { PROGRAM } from '../name.js';
import { counted } from '../output/counted.js';
import { printable } from '../output/printable.js';
import { isoTime, localTime } from '../output/time.js';
import { providerOf } from '../providers/index.js';
import { ByChat, type ChatName, meant } from '../session-map/by-chat.js';
import type { Assessment } from '../sessions/assess.js';
import type { Decision, KeptBecause, Process } from '../sessions/decide.js';

type Weighable = Pick<Assessment, 'decisions' | 'activity' | 'policy'>;

/**
 * All that was weighed of named chats: of those that are mapped, and of those that are not, and were.
 *
 * @param words chat ids, whole or their beginning, or `provider/chat`
 * @param journal newest entry first
 * @throws CleanupError when a word means no chat
 */
export function weighed(
  words: readonly string[],
  assessment: Weighable,
  journal: Iterable<JournalEntry>,
) {
  const itself = (name: ChatName): ChatName => name;
  const { decisions } = assessment;
  const mappings = ByChat.of(decisions, ({ mapping }) => [mapping, mapping]);
  const removals = removedBefore(journal, (name) =>
    words.some((word) => meant([name], word, itself).length > 0),
  );
  const removed = [...removals.values()].filter((each) => !mappings.has(each));
  const asked = new Set(words.flatMap(namedBy));
  const mapped = decisions.filter(({ mapping }) => asked.has(mapping));
  return {
    mapped: new Map(mapped.map((one) => [one, weighedOf(one, assessment, removals)])),
    gone: removed.filter((each) => asked.has(each)),
  };

  function namedBy(word: string): ChatName[] {
    const found = meant<ChatName>([...mappings.values(), ...removed], word, itself);
    if (found.length > 0) return found;
    throw new CleanupError(
      `no chat '${printable(word)}' is mapped, and the journal has no removal of it; 'list' alone shows all`,
    );
  }
}

/** What was weighed of one mapping, besides its decision, as the JSON document has it. */
export type Weighed = ReturnType<typeof weighedOf>;

function weighedOf(
  decision: Decision,
  { activity, policy }: Weighable,
  removals: ByChat<Removals>,
) {
  const { mapping, state } = decision;
  const missingSince = state === 'missing' ? policy.missingSince(mapping) : undefined;
  return {
    // Newest first.
    files: [...activity.filesOf(mapping)]
      .sort((one, other) => other.mtimeMs - one.mtimeMs)
      .map(({ path, part, mtimeMs }) => ({ path, part, modified: isoTime(mtimeMs) })),
    obstacles: activity.obstaclesTo(mapping).map(({ path, message }) => `${path}: ${message}`),
    process: activity.processOf(mapping),
    thresholdHours: policy.thresholdMsOf(mapping) / millisecondsInHour,
    isKept: policy.isKept(mapping),
    missingSince: missingSince === undefined ? null : isoTime(missingSince),
    resume: resumeCommand(decision),
    removals: removals.get(mapping)?.removals ?? [],
  };
}

/** The command that takes a session up again, printable; null where there is none. */
export function resumeCommand({ mapping, transcript }: Decision): string | null {
  const { family, session } = mapping;
  if (family === undefined || session === null || transcript === null) return null;
  return printable(providerOf(family).resumeCommand(session, transcript).join(' ')) || null;
}

/** Where a session's transcript lies, and the command that takes the session up again. */
export function transcriptLines(decision: Decision): string[] {
  return linesOf([
    ['Transcript', decision.transcript],
    ['Resume', resumeCommand(decision)],
  ]);
}

/** All that is known of a row of the list; times are local. */
export function detailLines(
  decision: Decision,
  sharedWith: readonly string[] = [],
  weighed?: Weighed,
): string[] {
  const { mapping } = decision;
  return [
    ...linesOf([
      ['Chat', `${mapping.provider}/${mapping.chat}`],
      ['Session', mapping.session],
    ]),
    ...transcriptLines(decision),
    ...linesOf(sharedWith.map((chat): Line => ['Shared with', chat])),
    ...(weighed === undefined ? [] : weighedLines(decision, weighed)),
  ];
}

const STAYS: Readonly<Record<KeptBecause, string>> = {
  active: 'it is active',
  running: 'its process runs, or may run',
  rule: '--keep names it',
  missing: 'it has no transcript, which only --missing remove acts on',
  doubt: 'whether it is idle is not known for sure',
  guard: 'what was found of its CLI is suspicious',
};
const PROCESS: Readonly<Record<Process, string>> = {
  running: 'runs right now',
  perhaps: 'may run: what shows it could not be read, or can be read either way',
  none: 'none was seen',
};

function weighedLines({ keptBecause }: Decision, weighed: Weighed): string[] {
  const { files, obstacles, missingSince, removals } = weighed;
  return linesOf([
    ['Decision', keptBecause === null ? 'goes' : `stays: ${STAYS[keptBecause]}`],
    ['Threshold', counted(weighed.thresholdHours, 'hour')],
    ['Process', PROCESS[weighed.process]],
    ...files.map((one): Line => ['File', `${local(one.modified)} ${one.part} ${one.path}`]),
    ...obstacles.map((obstacle): Line => ['In doubt', obstacle]),
    ['No transcript since', missingSince && local(missingSince)],
    ...removals.map(removal),
  ]);
}

/** What is known of a chat that is no longer mapped. */
export function removedLines({ provider, chat, removals }: Removals): string[] {
  const command = `${PROGRAM} restore ${provider}/${chat}`;
  return linesOf([...removals.map(removal), ['To put it back', command]]);
}

function removal({ removedAt, session, lastActivity }: Removals['removals'][number]): Line {
  const last = lastActivity === null ? 'no transcript' : `last: ${local(lastActivity)}`;
  return ['Removed', `${local(removedAt)} session ${session} (${last})`];
}

type Line = readonly [label: string, value: string | null];

/** Lines for people of those that have a value. */
function linesOf(lines: readonly Line[]): string[] {
  return lines.flatMap(([label, value]) => (value === null ? [] : `${label}: ${printable(value)}`));
}

function local(time: string): string {
  return localTime(Date.parse(time));
}
