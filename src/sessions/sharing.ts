import type { Mapping } from '../session-map/parse.js';

// Thousands that share one would name each other millions of times.
const MOST_NAMED = 5;

/**
 * Tells which chats have one session: a bridge takes the newest transcript for a chat's own, and so gives
 * one to several chats that begin at about the same time.
 *
 * @returns a few of the other chats with a mapping's session, as `provider/chat`
 */
export function sharing(mappings: readonly Mapping[]): (mapping: Mapping) => readonly string[] {
  const bySession = new Map<string, Mapping[]>();
  for (const mapping of mappings) {
    const { family, session } = mapping;
    if (family === undefined || session === null) continue;
    const others = bySession.get(`${family}/${session}`);
    if (others === undefined) bySession.set(`${family}/${session}`, [mapping]);
    else others.push(mapping);
  }
  return (mapping) =>
    (bySession.get(`${mapping.family}/${mapping.session}`) ?? [])
      .slice(0, MOST_NAMED + 1)
      .filter((other) => other !== mapping)
      .map(({ provider, chat }) => `${provider}/${chat}`);
}
