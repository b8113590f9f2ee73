import type { Family } from '../providers/index.js';
import { isPossibleSessionId } from '../providers/session-id.js';
import type { Mapping, SessionMap } from '../session-map/parse.js';
import type { MapSnapshot } from '../session-map/read.js';

/** What is mapped at this moment. */
export interface Mapped {
  /** The map's file; undefined when there is none yet. */
  readonly file: MapSnapshot | undefined;
  /** The memory of the bridge that runs; undefined when none was asked or none listens. */
  readonly memory: SessionMap | undefined;
  /** By section, in the file's order. */
  readonly sections: readonly MappedSection[];
}

export type MappedSection = Pick<SessionMap['sections'][number], 'provider' | 'mappings'>;

/** What the memory and the file have between them; where both have a chat, the memory counts. */
export function unite(
  memory: SessionMap | undefined,
  file: SessionMap | undefined,
): readonly MappedSection[] {
  if (memory === undefined) return file?.sections ?? [];
  const sections = new Map<string, Map<string, Mapping>>();
  // The file first, for its order; what the memory has takes the place.
  for (const { provider, mappings } of [...(file?.sections ?? []), ...memory.sections]) {
    const chats = sections.get(provider) ?? new Map<string, Mapping>();
    sections.set(provider, chats);
    for (const mapping of mappings) chats.set(mapping.chat, mapping);
  }
  return [...sections].map(([provider, chats]) => ({ provider, mappings: [...chats.values()] }));
}

/** The sessions of a CLI that are mapped, in small letters, as far as their ids are possible ones. */
export function sessionsOf(mappings: readonly Mapping[], wanted: Family): ReadonlySet<string> {
  const sessions = new Set<string>();
  for (const { family, session } of mappings) {
    if (family === wanted && session !== null && isPossibleSessionId(session))
      sessions.add(session.toLowerCase());
  }
  return sessions;
}

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
  const keyOf = ({ family, session }: Mapping): string => `${family}/${session}`;
  for (const mapping of mappings) {
    if (mapping.family === undefined || mapping.session === null) continue;
    const others = bySession.get(keyOf(mapping)) ?? [];
    if (others.length <= MOST_NAMED) bySession.set(keyOf(mapping), [...others, mapping]);
  }
  return (mapping) =>
    (bySession.get(keyOf(mapping)) ?? [])
      .filter((other) => other !== mapping)
      .map(({ provider, chat }) => `${provider}/${chat}`);
}
