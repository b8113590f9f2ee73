import { CleanupError } from '../errors.js';
import type { JournalEntry } from '../journal/journal.js';
import { type Removals, removedBefore } from '../journal/removed-before.js';
import { isoTime } from '../output/iso-time.js';
import { printable } from '../output/printable.js';
import { inWords } from '../providers/obstacle.js';
import type { ChatName } from '../session-map/by-chat.js';
import { meant } from '../session-map/meant.js';
import type { Assessment } from '../sessions/assess.js';
import type { Decision, Process } from '../sessions/decide.js';
import { resumeCommand } from './transcript-lines.js';

/** What was weighed of one mapping, besides its decision; times are ISO 8601, UTC. */
export interface Weighed {
  /** Newest first. */
  readonly files: readonly {
    readonly path: string;
    readonly part: string;
    readonly modified: string;
  }[];
  /** What could not be looked at, in words. */
  readonly obstacles: readonly string[];
  readonly process: Process;
  readonly thresholdHours: number;
  /** Whether --keep names it. */
  readonly isKept: boolean;
  /** When a run first found it without a transcript; null when it has one. */
  readonly missingSince: string | null;
  /** The command that takes up the session by hand. */
  readonly resume: string | null;
  readonly removals: Removals['removals'];
}

/** What is known of the chats that a user named. */
export interface Named {
  readonly mapped: ReadonlyMap<Decision, Weighed>;
  /** Those that are not mapped, and were. */
  readonly gone: readonly Removals[];
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
  { decisions, activity, policy }: Assessment,
  journal: Iterable<JournalEntry>,
): Named {
  const isAsked = (name: ChatName): boolean =>
    words.some((word) => meant([name], word, (same) => same).length > 0);
  const removals = removedBefore(journal, isAsked);
  const found = words.map((word) => {
    const mapped = meant(decisions, word, ({ mapping }) => mapping);
    const gone = mapped.length > 0 ? [] : meant([...removals.values()], word, (same) => same);
    if (mapped.length > 0 || gone.length > 0) return { mapped, gone };
    throw new CleanupError(
      `no chat '${printable(word)}' is mapped, and the journal has no removal of it; 'list' alone shows all`,
    );
  });
  const mapped = found.flatMap((each) => each.mapped);
  return {
    mapped: new Map(mapped.map((decision) => [decision, weigh(decision)])),
    gone: [...new Set(found.flatMap((each) => each.gone))],
  };

  function weigh({ mapping, state, transcript }: Decision): Weighed {
    const since = state === 'missing' ? policy.missingSince(mapping) : undefined;
    return {
      files: [...activity.filesOf(mapping)]
        .sort((one, other) => other.mtimeMs - one.mtimeMs)
        .map(({ path, part, mtimeMs }) => ({ path, part, modified: isoTime(mtimeMs) })),
      obstacles: activity
        .obstaclesTo(mapping)
        .map((obstacle) => `${obstacle.path}: ${inWords(obstacle)}`),
      process: activity.processOf(mapping),
      thresholdHours: policy.thresholdMsOf(mapping) / HOUR_MS,
      isKept: policy.isKept(mapping),
      missingSince: since === undefined ? null : isoTime(since),
      resume: transcript === null ? null : (resumeCommand(mapping, transcript) ?? null),
      removals: removals.get(mapping)?.removals ?? [],
    };
  }
}
