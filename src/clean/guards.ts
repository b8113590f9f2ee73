import { hostname } from 'node:os';
import { millisecondsInDay, millisecondsInHour, millisecondsInMinute } from 'date-fns/constants';
import type { LastRun } from '../journal/last-run.js';
import { type Finding, problem, warning } from '../output/finding.js';
import type { Assessment } from '../sessions/assess.js';
import { bootClock } from '../system/boot-clock.js';

// Clocks of file servers and of this machine differ by seconds; more is a clock that was set back.
const CLOCK_SLACK_MS = 5 * millisecondsInMinute;
// A virtual machine that was halted wakes up with as much; its next run cleans.
const JUMP_MS = millisecondsInHour;
const LONG_MS = 60 * millisecondsInDay;

/** The most mappings that a run may remove: a number, or a share of those checked. */
export interface RemovalLimit {
  readonly kind: 'count' | 'percent';
  readonly most: number;
}

/**
 * Why nothing of what was decided may be acted on; undefined when all is well. What looks suspicious of one
 * CLI is held back in `decide`.
 */
export function guard(
  { decisions, mapped, lastRun, policy: { now } }: Assessment,
  maxRemove: RemovalLimit | undefined,
): Finding | undefined {
  const removals = decisions.filter(({ keptBecause }) => keptBecause === null).length;
  if (removals === 0) return undefined;
  const clock = wrongClock(mapped.file?.stats.mtimeMs, lastRun, now);
  if (clock !== undefined) {
    return problem('', `${clock.message}; nothing was removed`, clock.fix);
  }
  if (maxRemove === undefined) return undefined;
  const { kind, most } = maxRemove;
  const share = (removals * 100) / decisions.length;
  if ((kind === 'count' ? removals : share) <= most) return undefined;
  const limit = `${most}${kind === 'percent' ? '%' : ''}`;
  return problem(
    '',
    `${removals} of ${decisions.length} mappings would go, more than --max-remove ${limit} allows; nothing was removed`,
  );
}

/**
 * What is wrong with the clock, by which every session may look idle; undefined when nothing is.
 *
 * @param mapTime the map's modification time, ms since the epoch
 * @param now ms since the epoch
 */
export function wrongClock(
  mapTime: number | undefined,
  lastRun: Pick<LastRun, 'endedAt' | 'clock'> | undefined,
  now: number,
): Finding | undefined {
  if (mapTime !== undefined && mapTime - now > CLOCK_SLACK_MS) {
    const minutes = Math.round((mapTime - now) / millisecondsInMinute);
    const message = `the clock of ${hostname()} is ${minutes} minutes behind the map's own time`;
    return problem('clock', message, 'set the clock');
  }
  if (lastRun === undefined) return undefined;
  const { boot, upMs } = bootClock();
  const passed = now - Date.parse(lastRun.endedAt);
  const isSameBoot = boot !== '' && boot === lastRun.clock.boot;
  // Within one boot the kernel's own clock tells; after another one only a very long time is a sign.
  const hasJumped = isSameBoot ? passed - (upMs - lastRun.clock.upMs) > JUMP_MS : passed > LONG_MS;
  if (!hasJumped) return undefined;
  return warning(
    'clock',
    `the clock of ${hostname()} says that the last run was on ${lastRun.endedAt}, and this machine's own time says otherwise, or it is very long ago`,
    'check the clock; if it is right, the next run cleans',
  );
}
