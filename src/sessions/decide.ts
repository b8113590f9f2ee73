import { type Family, PROVIDERS } from '../providers/index.js';
import { isGivenByCli, isPossibleSessionId } from '../providers/session-id.js';
import type { Mapping } from '../session-map/parse.js';

/** How a mapping can stand. */
export const STATES = ['active', 'idle', 'missing', 'unreadable', 'unrecognized'] as const;
export type State = (typeof STATES)[number];

/** What keeps a mapping. */
export type KeptBecause = 'active' | 'running' | 'rule' | 'missing' | 'doubt' | 'guard';

// A section with more that have no transcript has grown for years, and is cleaned in its first run.
export const MOST_WAITING = 10_000;

/** What is to become of one mapping. */
export interface Decision {
  readonly mapping: Mapping;
  readonly state: State;
  /** The newest modification time of all its files, ms since the epoch; null when it is missing. */
  readonly lastActivity: number | null;
  /** The newest one. */
  readonly transcript: string | null;
  readonly running: boolean;
  /** Null when it goes. */
  readonly keptBecause: KeptBecause | null;
}

/** What is known of a session's files. */
export interface Activity extends Pick<Decision, 'lastActivity' | 'transcript'> {
  /** Something that may be its own could not be looked at. */
  readonly isUncertain: boolean;
}

/** Whether a session's CLI process runs right now; `perhaps`: a sign of it is unreadable or unclear. */
export type Process = 'running' | 'perhaps' | 'none';

/** What there is to decide from, besides the mappings. */
export interface Evidence {
  activityOf(mapping: Mapping): Activity;
  processOf(mapping: Mapping): Process;
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
  const missing = new Map<string, number>();
  for (const { mapping } of judged.filter(({ state }) => state === 'missing')) {
    missing.set(mapping.provider, (missing.get(mapping.provider) ?? 0) + 1);
  }
  return judged.map((one) => {
    const picture = pictures.find(({ family }) => family === one.mapping.family);
    const isHeld = picture?.holds.includes(one.state) ?? false;
    const isCrowd = (missing.get(one.mapping.provider) ?? 0) > MOST_WAITING;
    const keptBecause = keeper(one, evidence, policy, isHeld, isCrowd);
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
  // What is left of a session beside its transcript is no session.
  let state: State = transcript === null ? 'missing' : 'idle';
  if (isUncertain) state = 'unreadable';
  // Activity that was seen is certain, whatever else could not be looked at.
  if (lastActivity !== null && !isIdle(mapping, lastActivity, policy)) state = 'active';
  return {
    mapping,
    state,
    lastActivity: state === 'missing' ? null : lastActivity,
    transcript,
    running: evidence.processOf(mapping) === 'running',
  };
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
 * @param isCrowd whether more of its section have no transcript than are waited for
 */
function keeper(
  { mapping, state, running }: Judged,
  evidence: Evidence,
  policy: Policy,
  isHeld: boolean,
  isCrowd: boolean,
): KeptBecause | null {
  const { session } = mapping;
  if (session === null || state === 'unrecognized') return 'doubt';
  if (state === 'active') return 'active';
  if (policy.keepRunning && running) return 'running';
  if (policy.isKept(mapping)) return 'rule';
  if (state === 'unreadable') return 'doubt';
  if (policy.keepRunning && evidence.processOf(mapping) === 'perhaps') return 'doubt';
  if (state === 'idle') return isHeld ? 'guard' : null;
  if (policy.missing === 'keep') return 'missing';
  // `latest`, or the name of a model, is no file's name.
  if (!isGivenByCli(session)) return 'doubt';
  if (isHeld) return 'guard';
  const since = policy.missingSince(mapping);
  const hasWaited = since !== undefined && isIdle(mapping, since, policy);
  return hasWaited || isCrowd ? null : 'missing';
}

/** What of a CLI's mapped sessions looks rather like a wrong home than like dead sessions. */
export interface Picture {
  readonly family: Family;
  /** `none`: not one has a transcript. `newest`: the newest have none, though older ones do. */
  readonly kind: 'none' | 'newest';
  /** How many sessions have none. */
  readonly count: number;
  /** The mappings in these states are not acted on. */
  readonly holds: readonly State[];
}

// Two chats can be so new that their CLI has not written yet.
const NEWEST = 3;

/** The pictures that are not to be acted on, at most one for each CLI. */
export function suspiciousPictures(decisions: readonly Judged[]): Picture[] {
  return PROVIDERS.flatMap(({ family }): Picture[] => {
    const ofCli = decisions.filter(({ mapping }) => mapping.family === family);
    const missing = ofCli.filter(({ state }) => state === 'missing');
    if (missing.length === 0) return [];
    if (ofCli.every(({ transcript }) => transcript === null)) {
      return [{ family, kind: 'none', count: countSessions(missing), holds: ['missing'] }];
    }
    const sections = new Set(missing.map(({ mapping }) => mapping.provider));
    const newest = [...sections].map((section) =>
      missingAtEnd(ofCli.filter(({ mapping }) => mapping.provider === section)),
    );
    const count = Math.max(...newest);
    if (count < NEWEST) return [];
    // It deletes transcripts by itself: the newest without one say nothing about the others.
    const holds: readonly State[] = family === 'gemini' ? ['missing'] : ['missing', 'idle'];
    return [{ family, kind: 'newest', count, holds }];
  });
}

/** How many of a section's last mappings, which are its newest, have no transcript; 0 when none has. */
function missingAtEnd(section: readonly Judged[]): number {
  const known = section.filter(({ state }) => state !== 'unrecognized');
  const last = known.findLastIndex(({ state }) => state !== 'missing');
  return last === -1 ? 0 : countSessions(known.slice(last + 1));
}

/** Two chats can have one session. */
function countSessions(decisions: readonly Judged[]): number {
  return new Set(decisions.map(({ mapping }) => mapping.session)).size;
}
