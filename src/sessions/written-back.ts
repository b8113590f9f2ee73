import type { JournalEntry, RemovedEntry } from '../journal/journal.js';
import { counted } from '../output/counted.js';
import { type Finding, warning } from '../output/finding.js';
import { keyOf } from '../session-map/parse.js';
import type { Decision } from './decide.js';

/**
 * The mappings that an earlier run removed and that stand there again with the same session, though
 * nothing happened in it since: a bridge has written its memory over the map.
 *
 * @param entries the journal, oldest first
 */
export function writtenBack(
  entries: readonly JournalEntry[],
  decisions: readonly Decision[],
): Decision[] {
  const removed = removedForSure(entries);
  if (removed.size === 0) return [];
  return decisions.filter(({ mapping, lastActivity }) => {
    const entry = removed.get(keyOf(mapping));
    return (
      entry !== undefined &&
      entry.session === mapping.session &&
      (lastActivity ?? 0) <= (entry.lastActivity ?? 0)
    );
  });
}

/** What it means that mappings were written back, and what to do about it. */
export function writtenBackFinding(count: number, bridgeUrl: URL | undefined): Finding {
  return warning(
    'written back',
    `${counted(count, 'mapping that was', 'mappings that were')} removed before ${count === 1 ? 'is' : 'are'} back: a running bridge wrote its memory over the map`,
    bridgeUrl === undefined
      ? 'give its address with --bridge-url, so that it forgets them itself, or, for a bridge without that interface, have --on-change restart it'
      : `is ${bridgeUrl.href} the bridge that uses this map?`,
  );
}

/** The last removal of each chat, where its run came to its end and nobody restored it since. */
function removedForSure(entries: readonly JournalEntry[]): Map<string, RemovedEntry> {
  const announced = new Map<string, RemovedEntry>();
  const removed = new Map<string, RemovedEntry>();
  for (const entry of entries) {
    if (entry.op === 'remove') {
      announced.set(keyOf(entry), entry);
    } else if (entry.op === 'restore') {
      removed.delete(keyOf(entry));
    } else if (entry.op === 'done') {
      const kept = new Set([...entry.kept, ...entry.unsure].map(keyOf));
      for (const [key, removal] of announced) {
        if (removal.run === entry.run && !kept.has(key)) removed.set(key, removal);
      }
      announced.clear();
    }
  }
  return removed;
}
