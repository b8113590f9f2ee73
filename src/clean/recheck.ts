import type { FinalCheck } from '../commit/remove-mappings.js';
import { reason } from '../errors.js';
import type { Leaving } from '../journal/removals.js';
import { problem } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import { keyOf } from '../session-map/parse.js';
import { type FoundActivity, findActivity } from '../sessions/activity.js';
import { type Assessment, reportUnreadable } from '../sessions/assess.js';
import { type Decision, decide, isIdle } from '../sessions/decide.js';

// Some file systems count whole seconds: what changes within the same one looks unchanged.
const COARSE_CLOCK_MS = 2000;

/** The decision taken anew, right before it takes effect. */
export class Recheck implements FinalCheck {
  readonly #assessment: Assessment;
  readonly #problems: Problems;
  readonly #byKey: ReadonlyMap<string, Decision>;
  #activity: FoundActivity | undefined;
  #lookedAt = 0;
  #times: ReadonlyMap<string, number> = new Map();
  #goes: ReadonlySet<string> = new Set();
  /** The latest decision on those that stay, whether they became active meanwhile or were so all along. */
  readonly staying = new Map<string, Decision>();

  constructor(assessment: Assessment, problems: Problems) {
    this.#assessment = assessment;
    this.#problems = problems;
    this.#activity = assessment.activity;
    this.#lookedAt = assessment.policy.now;
    this.#times = assessment.activity.directoryTimesSwept();
    this.#goes = new Set(
      assessment.decisions.filter(({ removes }) => removes).map(({ mapping }) => keyOf(mapping)),
    );
    this.#byKey = new Map(
      assessment.decisions.map((decision) => [keyOf(decision.mapping), decision]),
    );
  }

  /**
   * Sweeps once more, the first time and whenever files have come or gone since the last time; looks for
   * processes every time, where they count.
   */
  refresh(): void {
    const { decisions, activity, policy } = this.#assessment;
    const mappings = decisions.map(({ mapping }) => mapping);
    if (this.#activity === undefined || this.#hasChanged(this.#activity)) {
      this.#lookedAt = Date.now();
      this.#activity = findActivity(mappings, activity.roots, policy.keepRunning, true);
      this.#times = this.#activity.directoryTimesSwept();
    } else if (policy.keepRunning) {
      this.#activity.refreshRunning();
    } else {
      return;
    }
    const anew = decide(mappings, this.#activity, policy);
    reportUnreadable(anew, this.#activity, this.#problems);
    const goes = new Set<string>();
    for (const decision of anew) {
      const key = keyOf(decision.mapping);
      if (decision.removes) goes.add(key);
      else this.staying.set(key, decision);
    }
    this.#goes = goes;
  }

  #hasChanged(activity: FoundActivity): boolean {
    return [...activity.directoryTimes()].some(
      ([directory, time]) =>
        time !== this.#times.get(directory) || Math.abs(time - this.#lookedAt) < COARSE_CLOCK_MS,
    );
  }

  stays({ mapping }: Leaving): boolean {
    const key = keyOf(mapping);
    const { family, session } = mapping;
    if (this.#activity === undefined || family === undefined || session === null) return true;
    if (!this.#goes.has(key)) return true;
    try {
      const latest = this.#activity.latestActivity(family, session);
      // Without a file: it never had one, or it has been moved or deleted since the sweep.
      if (latest === null) return this.#activity.activityOf(family, session).lastActivity !== null;
      if (isIdle(latest, this.#assessment.policy)) return false;
      this.#revive(key, latest);
      return true;
    } catch (error) {
      this.#problems.add(problem(`${mapping.provider}/${mapping.chat}`, `kept: ${reason(error)}`));
      return true;
    }
  }

  #revive(key: string, lastActivity: number): void {
    const decision = this.#byKey.get(key);
    if (decision === undefined) return;
    this.staying.set(key, {
      ...decision,
      state: 'active',
      lastActivity,
      removes: false,
      keptBecause: 'active',
    });
  }
}
