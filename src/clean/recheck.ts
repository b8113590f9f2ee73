import type { LastWord } from '../commit/remove-mappings.js';
import { reason } from '../errors.js';
import type { Leaving } from '../journal/removals.js';
import type { Problems } from '../output/problems.js';
import { keyOf } from '../session-map/parse.js';
import { type Inspection, inspect } from '../sessions/activity.js';
import { type Examination, reportUnreadable } from '../sessions/assess.js';
import { type Decision, decide, isIdle } from '../sessions/decide.js';

// Some file systems count whole seconds: what changes within the same one looks unchanged.
const COARSE_CLOCK_MS = 2000;

/** The decision taken anew, right before it takes effect. */
export class LastLook implements LastWord {
  readonly #examination: Examination;
  readonly #problems: Problems;
  readonly #byKey: ReadonlyMap<string, Decision>;
  #inspection: Inspection | undefined;
  #inspectedAt = 0;
  #times: ReadonlyMap<string, number> = new Map();
  #goes: ReadonlySet<string> = new Set();
  /** The latest decision on those that stay, whether they became active meanwhile or were so all along. */
  readonly staying = new Map<string, Decision>();

  constructor(examination: Examination, problems: Problems) {
    this.#examination = examination;
    this.#problems = problems;
    this.#inspection = examination.inspection;
    this.#inspectedAt = examination.policy.now;
    this.#times = examination.inspection.directoryTimesSwept();
    this.#goes = new Set(
      examination.decisions.filter(({ removes }) => removes).map(({ mapping }) => keyOf(mapping)),
    );
    this.#byKey = new Map(
      examination.decisions.map((decision) => [keyOf(decision.mapping), decision]),
    );
  }

  /**
   * Sweeps once more, the first time and whenever files have come or gone since the last time; looks for
   * processes every time, where they count.
   */
  refresh(): void {
    const { decisions, inspection, policy } = this.#examination;
    const mappings = decisions.map(({ mapping }) => mapping);
    if (this.#inspection === undefined || this.#hasChanged(this.#inspection)) {
      this.#inspectedAt = Date.now();
      this.#inspection = inspect(mappings, inspection.roots, policy.keepRunning, true);
      this.#times = this.#inspection.directoryTimesSwept();
    } else if (policy.keepRunning) {
      this.#inspection.refreshRunning();
    } else {
      return;
    }
    const anew = decide(mappings, this.#inspection, policy);
    reportUnreadable(anew, this.#inspection, this.#problems);
    const goes = new Set<string>();
    for (const decision of anew) {
      const key = keyOf(decision.mapping);
      if (decision.removes) goes.add(key);
      else this.staying.set(key, decision);
    }
    this.#goes = goes;
  }

  #hasChanged(inspection: Inspection): boolean {
    return [...inspection.directoryTimes()].some(
      ([directory, time]) =>
        time !== this.#times.get(directory) || Math.abs(time - this.#inspectedAt) < COARSE_CLOCK_MS,
    );
  }

  stays({ mapping }: Leaving): boolean {
    const key = keyOf(mapping);
    const { family, session } = mapping;
    if (this.#inspection === undefined || family === undefined || session === null) return true;
    if (!this.#goes.has(key)) return true;
    try {
      const latest = this.#inspection.latestActivity(family, session);
      // Without a file: it never had one, or it has been moved or deleted since the sweep.
      if (latest === null)
        return this.#inspection.activityOf(family, session).lastActivity !== null;
      if (isIdle(latest, this.#examination.policy)) return false;
      this.#revive(key, latest);
      return true;
    } catch (error) {
      this.#problems.error(`${mapping.provider}/${mapping.chat}: kept: ${reason(error)}`);
      return true;
    }
  }

  #revive(key: string, lastActivity: number): void {
    const decision = this.#byKey.get(key);
    if (decision === undefined) return;
    this.staying.set(key, { ...decision, state: 'active', lastActivity, removes: false });
  }
}
