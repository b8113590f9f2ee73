import { counted } from '../output/counted.js';
import { type Finding, problem, warning } from '../output/finding.js';
import { type Family, PROVIDERS, providerOf } from '../providers/index.js';
import { ownAccount } from '../system/account.js';
import type { Decision } from './decision.js';

/** What of a CLI's mapped sessions looks rather like a wrong home than like dead sessions. */
export interface Picture {
  readonly family: Family;
  /** `none`: not one has a transcript. `newest`: the newest have none, though older ones do. */
  readonly kind: 'none' | 'newest';
  /** How many sessions have none. */
  readonly count: number;
}

type Judged = Pick<Decision, 'mapping' | 'state'>;

// Two chats can be so new that their CLI has not written yet.
const NEWEST = 3;

/** The pictures that are not to be acted on, at most one for each CLI. */
export function suspiciousPictures(decisions: readonly Judged[]): Picture[] {
  return PROVIDERS.flatMap(({ family }): Picture[] => {
    const known = decisions.filter(
      ({ mapping, state }) => mapping.family === family && state !== 'unrecognized',
    );
    const missing = known.filter(({ state }) => state === 'missing');
    if (missing.length === 0) return [];
    const isFound = ({ state }: Judged): boolean => state === 'active' || state === 'idle';
    if (!known.some(isFound)) return [{ family, kind: 'none', count: countSessions(missing) }];
    const sections = [...new Set(missing.map(({ mapping }) => mapping.provider))];
    const newest = sections.map((section) =>
      missingAtEnd(known.filter(({ mapping }) => mapping.provider === section)),
    );
    const count = Math.max(...newest);
    return count < NEWEST ? [] : [{ family, kind: 'newest', count }];
  });
}

/** How many of a section's last mappings, which are its newest, have no transcript; 0 when none has. */
function missingAtEnd(section: readonly Judged[]): number {
  const last = section.findLastIndex(({ state }) => state !== 'missing');
  return last === -1 ? 0 : countSessions(section.slice(last + 1));
}

/** Two chats can have one session. */
function countSessions(decisions: readonly Judged[]): number {
  return new Set(decisions.map(({ mapping }) => mapping.session)).size;
}

/**
 * Whether a picture keeps a mapping in this state. Gemini deletes transcripts by itself: of it, the
 * newest without one say nothing about the others.
 */
export function holdsBack({ family, kind }: Picture, state: Decision['state']): boolean {
  return state === 'missing' || (state === 'idle' && kind === 'newest' && family !== 'gemini');
}

/**
 * What to tell of a picture; undefined when it concerns nobody.
 *
 * @param root the directory of its CLI
 * @param transcripts how many there are, of all sessions
 */
export function pictureFinding(
  { family, kind, count }: Picture,
  decisions: readonly Decision[],
  root: string,
  transcripts: number,
): Finding | undefined {
  const { label } = providerOf(family);
  const held = decisions.filter(
    ({ mapping, keptBecause }) => mapping.family === family && keptBecause === 'guard',
  ).length;
  // The CLI itself may have deleted them.
  const isOrdinary = kind === 'newest' ? family === 'gemini' : count === 1 && transcripts > 0;
  if (isOrdinary && held === 0) return undefined;
  const user = ownAccount()?.name ?? `user ${process.geteuid?.()}`;
  const what =
    kind === 'newest'
      ? `its ${count} newest mapped sessions have no transcript in ${root}, though older ones do: it may write elsewhere by now (another HOME, or this is an old copy of it)`
      : `none of its mapped sessions (${count}) has a transcript in ${root}, looked at as ${user}: so it is with the wrong user or the wrong HOME`;
  const kept = held === 0 ? '' : `. ${counted(held, 'mapping')} of it stayed for that`;
  const level = held > 0 && !isOrdinary ? problem : warning;
  return level(label, what + kept, "'claude-session-cleanup doctor' tells more");
}
