import { CleanupError } from '../errors.js';
import type { JournalEntry } from '../journal/journal.js';
import type { LastRun } from '../journal/last-run.js';
import { type Removals, removedBefore } from '../journal/removed-before.js';
import { printable } from '../output/printable.js';
import type { SessionFile } from '../providers/file-index.js';
import type { Obstacle } from '../providers/obstacle.js';
import type { Family } from '../providers/provider.js';
import type { ChatName } from '../session-map/by-chat.js';
import { meant } from '../session-map/meant.js';
import { keyOf } from '../session-map/parse.js';
import type { Assessment } from '../sessions/assess.js';
import type { Decision } from '../sessions/decide.js';

/** Everything that was weighed of one mapping, besides what its decision has. */
export interface Weighed {
  /** The session's files, newest first. */
  readonly files: readonly SessionFile[];
  readonly obstacles: readonly Obstacle[];
  readonly process: 'running' | 'perhaps' | 'none';
  readonly thresholdHours: number;
  /** Whether --keep names it. */
  readonly isKept: boolean;
  /** When a run first found it without a transcript (ISO 8601, UTC); null when it has one. */
  readonly missingSince: string | null;
  /** Undefined when it was never removed. */
  readonly removals: Removals | undefined;
}

/** What is known of the chats that a user named. */
export interface Named {
  readonly mapped: ReadonlyMap<Decision, Weighed>;
  /** Those that are not mapped. */
  readonly gone: readonly Removals[];
}

/** What the user asked for, as far as it is weighed. */
export interface Rules {
  thresholdMsOf(name: ChatName): number;
  isKept(name: ChatName): boolean;
}

const HOUR_MS = 3600 * 1000;

/**
 * All that was weighed of named chats.
 *
 * @param words chat ids, whole or their beginning, or `provider/chat`
 * @param journal newest entry first
 * @throws CleanupError for a word that means no chat
 */
export function weighed(
  words: readonly string[],
  { decisions, activity }: Pick<Assessment, 'decisions' | 'activity'>,
  rules: Rules,
  lastRun: LastRun | undefined,
  journal: Iterable<JournalEntry>,
): Named {
  const mapped = new Map<Decision, Weighed>();
  const gone = new Set<Removals>();
  const removals = removedBefore(journal, (name) =>
    words.some((word) => meant([name], word, (same) => same).length > 0),
  );
  for (const word of words) {
    const found = meant(decisions, word, ({ mapping }) => mapping);
    for (const decision of found) mapped.set(decision, weigh(decision));
    if (found.length > 0) continue;
    const removed = meant([...removals.values()], word, (same) => same);
    for (const each of removed) gone.add(each);
    if (removed.length > 0) continue;
    throw new CleanupError(
      `no chat '${printable(word)}' is mapped, and the journal has no removal of it; 'list' alone shows all`,
    );
  }
  return { mapped, gone: [...gone] };

  function weigh({ mapping, running }: Decision): Weighed {
    const { family, session } = mapping;
    const of = <T>(look: (family: Family, session: string) => T, none: T): T =>
      family === undefined || session === null ? none : look(family, session);
    const mayRun = of(activity.mayRun, false);
    return {
      files: [...of(activity.filesOf, [])].sort((one, other) => other.mtimeMs - one.mtimeMs),
      obstacles: of(activity.obstaclesTo, []),
      process: running ? 'running' : mayRun ? 'perhaps' : 'none',
      thresholdHours: rules.thresholdMsOf(mapping) / HOUR_MS,
      isKept: rules.isKept(mapping),
      missingSince: lastRun?.missing[keyOf(mapping)]?.since ?? null,
      removals: removals.get(mapping),
    };
  }
}
