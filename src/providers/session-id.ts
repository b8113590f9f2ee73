// All three CLIs name sessions by UUIDs; bridges and older versions used other plain words. What a
// file name could not hold literally, or a shell or a glob would read otherwise, is no session id.
const POSSIBLE = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/;

/** Whether a CLI could have named a session so. */
export function isPossibleSessionId(id: string): boolean {
  return POSSIBLE.test(id);
}

const GIVEN = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|agent-[0-9a-f]+)$/i;

/** Whether an id has a form that the CLIs give: a UUID, or that of a Claude sub-agent. */
export function isGivenByCli(id: string): boolean {
  return GIVEN.test(id);
}

const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** When a UUIDv7 was made, in ms since the epoch (RFC 9562, 5.7); undefined for any other id. */
export function uuidV7Time(id: string): number | undefined {
  const found = UUID_V7.exec(id);
  return found ? Number.parseInt(`${found[1]}${found[2]}`, 16) : undefined;
}
