import type { Family } from '../providers/provider.js';
import { isGivenByCli, isPossibleSessionId } from '../providers/session-id.js';
import type { Mapping } from '../session-map/parse.js';
import type { Decision, KeptBecause, State } from './decision.js';
import { holdsBack, suspiciousPictures } from './pictures.js';
import { crowdedSections } from './waiting.js';

export { type Decision, type KeptBecause, STATES, type State } from './decision.js';

/** What is known of a session's files. */
export interface Activity {
  /** The newest modification time of all its files, ms since the epoch; null without a file. */
  readonly lastActivity: number | null;
  /** Its newest transcript, or null. */
  readonly transcript: string | null;
  /** Something of it could not be looked at. */
  readonly uncertain: boolean;
}

/** What is known of a provider's tree as a whole. */
export interface ProviderPicture {
  /** How many transcripts lie there. */
  readonly transcripts: number;
  /** A directory of it could not be read: any session may have files there. */
  readonly uncertain: boolean;
}

/** What there is to decide from, besides the mappings. */
export interface Evidence {
  activityOf(family: Family, session: string): Activity;
  pictureOf(family: Family): ProviderPicture;
  /** Whether its CLI process runs right now. */
  isRunning(family: Family, session: string): boolean;
  /** Whether it may run, as far as could be seen. */
  mayRun(family: Family, session: string): boolean;
}

/** What the user asked for, as far as deciding goes. */
export interface Policy {
  /** ms since the epoch */
  readonly now: number;
  /** A session is idle when its last activity is more than this many ms ago. */
  thresholdMsOf(mapping: Mapping): number;
  /** Whether a rule of the user's keeps a mapping, whatever its session does. */
  isKept(mapping: Mapping): boolean;
  /** What happens to mappings that have no transcript. */
  readonly missing: 'keep' | 'remove';
  /** Since when runs have seen that a mapping has none, ms since the epoch; undefined: this is the first. */
  missingSince(mapping: Mapping): number | undefined;
  /** Keep an idle session whose process runs. */
  readonly keepRunning: boolean;
}

/**
 * Decides for each mapping whether it goes. Pure. In doubt a mapping stays: only a session that is
 * known to be idle, or, when asked for, one that is known to have no transcript, loses its mapping.
 */
export function decide(
  mappings: readonly Mapping[],
  evidence: Evidence,
  policy: Policy,
): Decision[] {
  const judged = mappings.map((mapping) => judge(mapping, evidence, policy));
  const pictures = suspiciousPictures(judged);
  const missing = judged.filter(({ state }) => state === 'missing').map(({ mapping }) => mapping);
  const crowded = crowdedSections(missing);
  return judged.map((one) => {
    const { family, provider } = one.mapping;
    const picture = pictures.find((each) => each.family === family);
    const isHeld = picture !== undefined && holdsBack(picture, one.state);
    const keptBecause = keeper(one, evidence, policy, isHeld, crowded.has(provider));
    const { mapping, state, lastActivity, transcript, running } = one;
    const removes = keptBecause === null;
    // Field by field: a spread would give each of these objects a hidden class of its own.
    return { mapping, state, lastActivity, transcript, running, removes, keptBecause };
  });
}

type Judged = Omit<Decision, 'removes' | 'keptBecause'>;

function judge(mapping: Mapping, evidence: Evidence, policy: Policy): Judged {
  const { family, session } = mapping;
  if (family === undefined || session === null || !isPossibleSessionId(session)) {
    return { mapping, state: 'unrecognized', lastActivity: null, transcript: null, running: false };
  }
  const { lastActivity, transcript, uncertain } = evidence.activityOf(family, session);
  const doubt = uncertain || evidence.pictureOf(family).uncertain;
  const isActive = lastActivity !== null && !isIdle(mapping, lastActivity, policy);
  const state = stateOf(isActive, doubt, transcript !== null);
  return {
    mapping,
    state,
    lastActivity: state === 'missing' ? null : lastActivity,
    transcript,
    running: evidence.isRunning(family, session),
  };
}

function stateOf(isActive: boolean, doubt: boolean, hasTranscript: boolean): State {
  // Activity that was seen is certain, whatever else could not be looked at.
  if (isActive) return 'active';
  if (doubt) return 'unreadable';
  // What is left of a session beside its transcript is no session.
  return hasTranscript ? 'idle' : 'missing';
}

/** Strictly longer than the threshold; a time in the future is activity. */
export function isIdle(
  mapping: Mapping,
  lastActivity: number,
  { now, thresholdMsOf }: Pick<Policy, 'now' | 'thresholdMsOf'>,
): boolean {
  return now - lastActivity > thresholdMsOf(mapping);
}

/**
 * Why a mapping stays; null when nothing keeps it.
 *
 * @param isHeld whether what was found of its CLI is suspicious
 * @param isCrowded whether its section has too many without a transcript to wait for
 */
function keeper(
  { mapping, state, running }: Judged,
  evidence: Evidence,
  policy: Policy,
  isHeld: boolean,
  isCrowded: boolean,
): KeptBecause | null {
  const { family, session } = mapping;
  if (family === undefined || session === null || state === 'unrecognized') return 'doubt';
  if (state === 'active') return 'active';
  if (policy.keepRunning && running) return 'running';
  if (policy.isKept(mapping)) return 'rule';
  if (state === 'unreadable') return 'doubt';
  if (policy.keepRunning && evidence.mayRun(family, session)) return 'doubt';
  if (state === 'idle') return isHeld ? 'guard' : null;
  if (policy.missing === 'keep') return 'missing';
  // `latest`, or the name of a model, is no file's name.
  if (!isGivenByCli(session)) return 'doubt';
  if (isHeld || evidence.pictureOf(family).transcripts === 0) return 'guard';
  if (isCrowded) return null;
  const since = policy.missingSince(mapping);
  const hasWaited = since !== undefined && isIdle(mapping, since, policy);
  return hasWaited ? null : 'missing';
}

/** The most mappings that a run may remove: a number, or a share of those checked. */
export type RemovalLimit =
  | { readonly kind: 'count'; readonly most: number }
  | { readonly kind: 'percent'; readonly most: number };

/** Whether removing `removals` of `checked` mappings is more than the limit allows. */
export function exceeds(limit: RemovalLimit, removals: number, checked: number): boolean {
  if (limit.kind === 'count') return removals > limit.most;
  return removals * 100 > limit.most * checked;
}
