import { hoursToMilliseconds } from 'date-fns/hoursToMilliseconds';

/**
 * How long a session has been idle, in hours with one decimal; a time in the future is no idleness.
 *
 * @param lastActivity ms since the epoch
 * @param now ms since the epoch
 */
export function hoursIdle(lastActivity: number, now: number): string {
  return (Math.max(0, now - lastActivity) / hoursToMilliseconds(1)).toFixed(1);
}
