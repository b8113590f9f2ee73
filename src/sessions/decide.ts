import type { Family } from '../providers/provider.js';
import { isGivenByCli, isPossibleSessionId } from '../providers/session-id.js';
import type { Mapping } from '../session-map/parse.js';
import type { Decision, KeptBecause, State } from './decision.js';
import { holdsBack, suspiciousPictures } from './pictures.js';

export { type Decision, type KeptBecause, STATES, type State } from './decision.js';

/** What is known of a session's files. */
export interface Activity {
  /** The newest modification time of all its files, ms since the epoch; null without a file. */
  readonly lastActivity: number | null;
  /** Its newest transcript, or null. */
  readonly transcript: string | null;
  /** Something that may be its own could not be looked at. */
  readonly isUncertain: boolean;
}

/** Whether a session's CLI process runs right now; `perhaps`: a sign of it is unreadable or unclear. */
export type Process = 'running' | 'perhaps' | 'none';

/** What there is to decide from, besides the mappings. */
export interface Evidence {
  activityOf(mapping: Mapping): Activity;
  processOf(mapping: Mapping): Process;
  /** How many transcripts a CLI has, of mapped sessions and others. */
  transcriptsOf(family: Family): number;
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
  return judged.map((one) => {
    const picture = pictures.find(({ family }) => family === one.mapping.family);
    const isHeld = picture !== undefined && holdsBack(picture, one.state);
    const keptBecause = keeper(one, evidence, policy, isHeld);
    const { mapping, state, lastActivity, transcript, running } = one;
    // Field by field: a spread would give each of these objects a hidden class of its own.
    return { mapping, state, lastActivity, transcript, running, keptBecause };
  });
}

type Judged = Omit<Decision, 'keptBecause'>;

function judge(mapping: Mapping, evidence: Evidence, policy: Policy): Judged {
  const { family, session } = mapping;
  if (family === undefined || session === null || !isPossibleSessionId(session)) {
    return { mapping, state: 'unrecognized', lastActivity: null, transcript: null, running: false };
  }
  const { lastActivity, transcript, isUncertain } = evidence.activityOf(mapping);
  const isActive = lastActivity !== null && !isIdle(mapping, lastActivity, policy);
  const state = stateOf(isActive, isUncertain, transcript !== null);
  return {
    mapping,
    state,
    lastActivity: state === 'missing' ? null : lastActivity,
    transcript,
    running: evidence.processOf(mapping) === 'running',
  };
}

function stateOf(isActive: boolean, isUncertain: boolean, hasTranscript: boolean): State {
  // Activity that was seen is certain, whatever else could not be looked at.
  if (isActive) return 'active';
  if (isUncertain) return 'unreadable';
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
 */
function keeper(
  { mapping, state, running }: Judged,
  evidence: Evidence,
  policy: Policy,
  isHeld: boolean,
): KeptBecause | null {
  const { family, session } = mapping;
  if (family === undefined || session === null || state === 'unrecognized') return 'doubt';
  if (state === 'active') return 'active';
  if (policy.keepRunning && running) return 'running';
  if (policy.isKept(mapping)) return 'rule';
  if (state === 'unreadable') return 'doubt';
  if (policy.keepRunning && evidence.processOf(mapping) === 'perhaps') return 'doubt';
  if (state === 'idle') return isHeld ? 'guard' : null;
  if (policy.missing === 'keep') return 'missing';
  // `latest`, or the name of a model, is no file's name.
  if (!isGivenByCli(session)) return 'doubt';
  if (isHeld || evidence.transcriptsOf(family) === 0) return 'guard';
  const since = policy.missingSince(mapping);
  const hasWaited = since !== undefined && isIdle(mapping, since, policy);
  return hasWaited ? null : 'missing';
}

/** The most mappings that a run may remove: a number, or a share of those checked. */
export interface RemovalLimit {
  readonly kind: 'count' | 'percent';
  readonly most: number;
}

/** Whether removing `removals` of `checked` mappings is more than the limit allows. */
export function exceeds({ kind, most }: RemovalLimit, removals: number, checked: number): boolean {
  return kind === 'count' ? removals > most : removals * 100 > most * checked;
}
