import { counted } from '../output/counted.js';
import { type Finding, problem, warning } from '../output/finding.js';
import { type Family, providerOf, type Roots } from '../providers/index.js';
import type { Mapping } from '../session-map/parse.js';
import { ownAccount } from '../system/account.js';
import type { Decision, State } from './decision.js';

/** What of a CLI's mapped sessions looks rather like a wrong home than like dead sessions. */
export interface Picture {
  readonly family: Family;
  /** `none`: not one has a transcript. `newest`: the newest have none, though older ones do. */
  readonly kind: 'none' | 'newest';
  /** How many sessions have none. */
  readonly count: number;
}

type Judged = { readonly mapping: Mapping; readonly state: State };

// Two chats can be so new that their CLI has not written yet.
const NEWEST = 3;

/** The pictures that are not to be acted on, at most one for each CLI. */
export function suspiciousPictures(decisions: readonly Judged[]): Picture[] {
  const known = decisions.filter(({ state }) => state !== 'unrecognized');
  return [...groupBy(known, ({ mapping }) => mapping.family)].flatMap(
    ([family, ofFamily]): Picture[] => {
      if (family === undefined) return [];
      const missing = countSessions(ofFamily.filter(({ state }) => state === 'missing'));
      const isFound = ({ state }: Judged): boolean => state === 'active' || state === 'idle';
      if (missing > 0 && !ofFamily.some(isFound)) return [{ family, kind: 'none', count: missing }];
      const sections = groupBy(ofFamily, ({ mapping }) => mapping.provider);
      const newest = Math.max(...[...sections.values()].map(missingAtEnd));
      return newest < NEWEST ? [] : [{ family, kind: 'newest', count: newest }];
    },
  );
}

function groupBy<T, K>(all: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
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
export function holdsBack({ family, kind }: Picture, state: State): boolean {
  return state === 'missing' || (state === 'idle' && kind === 'newest' && family !== 'gemini');
}

/** What to tell of a picture; undefined when it concerns nobody. */
export function pictureFinding(
  picture: Picture,
  decisions: readonly Decision[],
  transcripts: number,
  roots: Roots,
): Finding | undefined {
  const { family, kind, count } = picture;
  const { label } = providerOf(family);
  const held = decisions.filter(
    ({ mapping, keptBecause }) => mapping.family === family && keptBecause === 'guard',
  ).length;
  const kept = held === 0 ? '' : `. ${counted(held, 'mapping')} of it stayed for that`;
  const fix = "'claude-session-cleanup doctor' tells more";
  if (kind === 'newest') {
    if (held === 0 && family === 'gemini') return undefined;
    const message = `its ${count} newest mapped sessions have no transcript in ${roots[family]}, though older ones do: it may write elsewhere by now (another HOME, or this is an old copy of it)${kept}`;
    const isFailure = held > 0 && family !== 'gemini';
    return isFailure ? problem(label, message, fix) : warning(label, message, fix);
  }
  // One alone among other transcripts is no bad sign: the CLI itself deletes old ones.
  if (count === 1 && transcripts > 0) {
    if (held === 0) return undefined;
    return warning(
      label,
      `the only session that is mapped has no transcript in ${roots[family]}; its mapping was kept: --missing remove doesn't act where none of a CLI's mapped sessions has one, since a wrong HOME looks the same`,
    );
  }
  const user = ownAccount()?.name ?? `user ${process.geteuid?.()}`;
  const message = `none of its mapped sessions (${count}) has a transcript in ${roots[family]}, looked at as ${user}: probably the wrong user or the wrong HOME`;
  if (held === 0) return warning(label, message, fix);
  return problem(label, `${message}. They were kept in spite of --missing remove`, fix);
}
