import type { JournalEntry } from '../journal/entries.js';
import { outcomes } from '../journal/outcomes.js';
import { type Finding, warning } from '../output/finding.js';
import { ByChat } from '../session-map/by-chat.js';
import type { Decision } from './decide.js';

/**
 * The mappings that an earlier run removed and that stand there again with the same session, though
 * nothing happened in it since: a bridge has written its memory over the map. Of each chat its last removal
 * counts, where that run came to its end and nobody restored it since.
 *
 * @param journal newest entry first
 */
export function writtenBack(
  journal: Iterable<JournalEntry>,
  decisions: readonly Decision[],
): Decision[] {
  const back: Decision[] = [];
  const waiting = ByChat.of(decisions, (decision) => [decision.mapping, decision]);
  for (const { kind, entry } of outcomes(journal)) {
    const decision = waiting.get(entry);
    if (decision === undefined || (kind !== 'removed' && kind !== 'restored')) continue;
    waiting.delete(entry);
    if (kind === 'restored' || entry.session !== decision.mapping.session) continue;
    if ((decision.lastActivity ?? 0) <= (entry.lastActivity ?? 0)) back.push(decision);
  }
  return back;
}

/** What it means that mappings were written back, and what to do about it. */
export function writtenBackFinding(back: readonly Decision[], bridgeUrl: URL | undefined): Finding {
  return warning(
    'written back',
    `mappings that were removed before are back (${back.length}): a running bridge wrote its memory over the map`,
    bridgeUrl === undefined
      ? 'give its address with --bridge-url, so that it forgets them itself, or, for a bridge without that interface, have --on-change restart it'
      : `a run that is given ${bridgeUrl.href} has it forget them, if that is the bridge that uses this map`,
  );
}
