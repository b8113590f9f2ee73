// The years that a Date can show; a file can carry any time.
const LAST_TIME = 8.64e15;

/** A moment in ISO 8601, UTC. */
export function isoTime(time: number): string {
  return new Date(Math.round(Math.max(-LAST_TIME, Math.min(LAST_TIME, time)))).toISOString();
}
