import { CleanupError } from '../errors.js';
import type { JournalEntry } from '../journal/entries.js';
import { type Removals, removedBefore } from '../journal/outcomes.js';
import { PROGRAM } from '../name.js';
import { printable } from '../output/printable.js';
import { isoTime, localTime } from '../output/time.js';
import { providerOf } from '../providers/index.js';
import { ByChat, type ChatName, meant } from '../session-map/by-chat.js';
import type { Assessment } from '../sessions/assess.js';
import type { Decision } from '../sessions/decide.js';

const HOUR_MS = 3600 * 1000;

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
  const mappings = ByChat.of(decisions.map(({ mapping }) => [mapping, mapping]));
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
    thresholdHours: policy.thresholdMsOf(mapping) / HOUR_MS,
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
  return linesOf({ transcript: decision.transcript, resume: resumeCommand(decision) });
}

/** All that is known of a row of the list. */
export function detailLines(
  decision: Decision,
  sharedWith: readonly string[] = [],
  weighed?: Weighed,
): string[] {
  const { mapping, transcript, keptBecause } = decision;
  return linesOf({
    chat: `${mapping.provider}/${mapping.chat}`,
    session: mapping.session,
    transcript,
    resume: resumeCommand(decision),
    sharedWith,
    ...(weighed && { decision: keptBecause === null ? 'goes' : `stays (${keptBecause})` }),
    ...weighed,
  });
}

/** What is known of a chat that is no longer mapped. */
export function removedLines({ provider, chat, removals }: Removals): string[] {
  return linesOf({ removals, toPutItBack: `${PROGRAM} restore ${provider}/${chat}` });
}

/** A line for each value, those of arrays one by one, behind its name; none for null and false. */
function linesOf(record: object): string[] {
  return Object.entries(record).flatMap(([name, value]) => {
    const label = spaced(name.charAt(0).toUpperCase() + name.slice(1));
    const values = [value].flat().filter((each) => (each ?? false) !== false);
    return values.map((each) => `${label}: ${printable(inText(each))}`);
  });
}

function spaced(name: string): string {
  return name.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

const ISO_TIME = /^[+-]?\d+-\d\d-\d\dT[\d:.]+Z$/;

function inText(value: unknown): string {
  if (typeof value === 'string') return ISO_TIME.test(value) ? localTime(Date.parse(value)) : value;
  if (typeof value !== 'object' || value === null) return String(value ?? 'unknown');
  const members = Object.entries(value);
  return members.map(([name, member]) => `${spaced(name)} ${inText(member)}`).join(', ');
}
