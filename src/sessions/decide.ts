import type { Family } from '../providers/provider.js';
import { isPossibleSessionId } from '../providers/session-id.js';
import type { Mapping } from '../session-map/parse.js';

/** How a mapping can stand. */
export const STATES = ['active', 'idle', 'missing', 'unreadable', 'unrecognized'] as const;
export type State = (typeof STATES)[number];

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
  readonly thresholdMs: number;
  /** What happens to mappings that have no transcript. */
  readonly missing: 'keep' | 'remove';
  /** Keep an idle session whose process runs. */
  readonly keepRunning: boolean;
}

/** Why a mapping stays. */
export type KeptBecause = 'active' | 'running' | 'rule' | 'missing' | 'doubt' | 'guard';

/** What is to become of one mapping. */
export interface Decision {
  readonly mapping: Mapping;
  readonly state: State;
  readonly lastActivity: number | null;
  readonly transcript: string | null;
  readonly running: boolean;
  readonly removes: boolean;
  /** Null when it goes. */
  readonly keptBecause: KeptBecause | null;
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
  const unbelievable = new Set<Family>(familiesWithoutTranscripts(judged));
  return judged.map((decision) => {
    const { family } = decision.mapping;
    const believable = family !== undefined && !unbelievable.has(family);
    const removes = believable && goes(decision, family, evidence, policy);
    return { ...decision, removes, keptBecause: removes ? null : keptBecause(decision, evidence) };
  });
}

/**
 * The families of which not one mapped session has a transcript: a sign of a wrong user or a wrong
 * home rather than of dead sessions.
 */
export function familiesWithoutTranscripts(decisions: readonly Judged[]): Family[] {
  const counts = new Map<Family, { all: number; missing: number }>();
  for (const { mapping, state } of decisions) {
    if (mapping.family === undefined || state === 'unrecognized') continue;
    const count = counts.get(mapping.family) ?? { all: 0, missing: 0 };
    count.all += 1;
    if (state === 'missing') count.missing += 1;
    counts.set(mapping.family, count);
  }
  return [...counts].filter(([, { all, missing }]) => missing === all).map(([family]) => family);
}

type Judged = Omit<Decision, 'removes' | 'keptBecause'>;

function judge(mapping: Mapping, evidence: Evidence, policy: Policy): Judged {
  const { family, session } = mapping;
  if (family === undefined || session === null || !isPossibleSessionId(session)) {
    return { mapping, state: 'unrecognized', lastActivity: null, transcript: null, running: false };
  }
  const activity = evidence.activityOf(family, session);
  const doubt = activity.uncertain || evidence.pictureOf(family).uncertain;
  return {
    mapping,
    state: stateOf(activity.lastActivity, doubt, policy),
    lastActivity: activity.lastActivity,
    transcript: activity.transcript,
    running: evidence.isRunning(family, session),
  };
}

function stateOf(lastActivity: number | null, doubt: boolean, policy: Policy): State {
  // Activity that was seen is certain, whatever else could not be looked at.
  if (lastActivity !== null && !isIdle(lastActivity, policy)) return 'active';
  if (doubt) return 'unreadable';
  return lastActivity === null ? 'missing' : 'idle';
}

/** Strictly longer than the threshold; a time in the future is activity. */
export function isIdle(lastActivity: number, { now, thresholdMs }: Policy): boolean {
  return now - lastActivity > thresholdMs;
}

function goes(decision: Judged, family: Family, evidence: Evidence, policy: Policy): boolean {
  const { session } = decision.mapping;
  const mayRun = decision.running || (session !== null && evidence.mayRun(family, session));
  if (policy.keepRunning && mayRun) return false;
  if (decision.state === 'idle') return true;
  return (
    decision.state === 'missing' &&
    policy.missing === 'remove' &&
    evidence.pictureOf(family).transcripts > 0
  );
}

function keptBecause({ mapping, state, running }: Judged, evidence: Evidence): KeptBecause {
  const { family, session } = mapping;
  if (state === 'active') return 'active';
  if (family === undefined || session === null || state === 'unreadable') return 'doubt';
  if (running || evidence.mayRun(family, session)) return 'running';
  return state === 'missing' ? 'missing' : 'doubt';
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
