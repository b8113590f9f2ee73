import { formatDistanceStrict } from 'date-fns/formatDistanceStrict';
import { hoursToMilliseconds } from 'date-fns/hoursToMilliseconds';

// The last moment that a Date can show; a file can carry any time.
const LAST_TIME = 8.64e15;

/** A moment (ms since the epoch) in ISO 8601, UTC; the last that there is for one that no calendar has. */
export function isoTime(time: number): string {
  return new Date(Math.round(Math.max(-LAST_TIME, Math.min(LAST_TIME, time)))).toISOString();
}

/** A moment (ms since the epoch) in local time, to the second; `unknown` for one that no calendar has. */
export function localTime(time: number): string {
  const date = new Date(Math.round(time));
  if (Number.isNaN(date.getTime())) return 'unknown';
  // By hand: a pattern that is parsed for each of thousands of lines takes a third of a report's time.
  const day = `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

function pad(number: number, width = 2): string {
  return String(number).padStart(width, '0');
}

/** How far a moment is from now, such as `25 minutes ago`; both in ms since the epoch. */
export function timeAgo(time: number, now: number): string {
  return formatDistanceStrict(time, now, { addSuffix: true });
}

/** The hours that a session has been idle, with one decimal; both times in ms since the epoch. */
export function hoursIdle(lastActivity: number, now: number): string {
  return (Math.max(0, now - lastActivity) / hoursToMilliseconds(1)).toFixed(1);
}
