import { lightFormat } from 'date-fns/lightFormat';

/** A moment in local time, to the second; `unknown` for one that no calendar has. */
export function localTime(time: number): string {
  const date = new Date(Math.round(time));
  return Number.isNaN(date.getTime()) ? 'unknown' : lightFormat(date, 'yyyy-MM-dd HH:mm:ss');
}
