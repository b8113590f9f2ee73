import { hostname } from 'node:os';
import type { LastRun } from '../journal/last-run.js';
import type { Problems } from '../output/problems.js';
import type { Assessment } from '../sessions/assess.js';
import { exceeds, type RemovalLimit } from '../sessions/decide.js';
import { type BootClock, bootClock } from '../system/boot-clock.js';

// Clocks of file servers and of this machine differ by seconds; more is a clock that was set back.
const CLOCK_SLACK_MS = 5 * 60 * 1000;

// A virtual machine that was halted wakes up with as much; its next run cleans.
const JUMP_MS = 60 * 60 * 1000;
const LONG_MS = 60 * 24 * 60 * 60 * 1000;

/** What was found, and why nothing of it may be acted on, if so. */
export interface GuardedAssessment {
  readonly assessment: Assessment;
  readonly blockedBecause: string | undefined;
}

/**
 * What is wrong with the clock, in words, when it is behind the map's own time; undefined when nothing is.
 *
 * @param mapTime the map's modification time, ms since the epoch
 * @param now ms since the epoch
 */
export function lateClock(mapTime: number, now: number): string | undefined {
  if (mapTime - now <= CLOCK_SLACK_MS) return undefined;
  const minutes = Math.round((mapTime - now) / 60_000);
  return `the clock of ${hostname()} is ${minutes} minutes behind the map's own time`;
}

/**
 * Whether the picture as a whole is too suspicious to be acted on; it is said as an error then. What looks
 * suspicious of one CLI is held back in `decide`.
 *
 * @returns why nothing is removed, in words; undefined when all is well
 */
export function guard(
  { decisions, mapped, policy: { now } }: Assessment,
  { maxRemove }: { readonly maxRemove: RemovalLimit | undefined },
  lastRun: LastRun | undefined,
  problems: Problems,
): string | undefined {
  const removals = decisions.filter(({ removes }) => removes).length;
  if (removals === 0) return undefined;
  const late = mapped.file && lateClock(mapped.file.stats.mtimeMs, now);
  if (late !== undefined) {
    problems.error(`${late}; nothing was removed`, 'set the clock');
    return 'the clock is behind the map';
  }
  if (lastRun !== undefined && hasJumped(lastRun, now, bootClock())) {
    problems.error(
      `the clock of ${hostname()} says that the last run was on ${lastRun.endedAt}, and this machine's own time says otherwise, or it is very long ago; nothing was removed`,
      'check the clock; if it is right, the next run cleans',
    );
    return 'the clock has jumped ahead';
  }
  if (maxRemove !== undefined && exceeds(maxRemove, removals, decisions.length)) {
    const limit = `${maxRemove.most}${maxRemove.kind === 'percent' ? '%' : ''}`;
    problems.error(
      `${removals} of ${decisions.length} mappings would go, more than --max-remove ${limit} allows; nothing was removed`,
    );
    return 'more than --max-remove would go';
  }
  return undefined;
}

/**
 * Whether the clock has jumped far ahead since the last run, so that every session looks idle. Within one
 * boot the kernel's own clock tells; after another one only a very long time is a sign.
 *
 * @param now ms since the epoch
 */
export function hasJumped(
  { endedAt, clock }: Pick<LastRun, 'endedAt' | 'clock'>,
  now: number,
  { boot, upMs }: BootClock,
): boolean {
  const passed = now - Date.parse(endedAt);
  const isSameBoot = boot !== '' && boot === clock.boot;
  return isSameBoot ? passed - (upMs - clock.upMs) > JUMP_MS : passed > LONG_MS;
}
