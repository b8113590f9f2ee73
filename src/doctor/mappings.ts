import { type Finding, ok, warning } from '../output/finding.js';
import { mappingsOf } from '../session-map/parse.js';
import { type MappedSection, sharing } from '../sessions/mapped.js';

const MOST_NAMED = 5;

/** How many mappings each section has, and which chats share a session. */
export function checkMappings(sections: readonly MappedSection[]): Finding[] {
  const counts = sections.map(({ provider, mappings }) => `${provider} ${mappings.length}`);
  return [ok('mappings', counts.join(', ') || 'none'), ...checkShared(sections)];
}

/**
 * A bridge learns a new session's id by taking some transcript that has just changed: chats that begin
 * at the same time can get one session together.
 */
function checkShared(sections: readonly MappedSection[]): Finding[] {
  const mappings = mappingsOf({ sections });
  const others = sharing(mappings);
  const shared = mappings.filter((mapping) => others(mapping).length > 0);
  const names = shared.slice(0, MOST_NAMED).map(({ provider, chat }) => `${provider}/${chat}`);
  if (names.length === 0) return [];
  const more = shared.length > names.length ? `, and ${shared.length - names.length} more` : '';
  const message = `chats share a session, so each goes on with what the other has said: ${names.join(', ')}${more}`;
  const fix =
    'have the bridge forget all but one of them: their next message begins a session of their own';
  return [warning('mappings', message, fix)];
}
