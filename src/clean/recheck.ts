import type { FinalCheck } from '../commit/remove-mappings.js';
import { reason } from '../errors.js';
import type { Leaving } from '../journal/removals.js';
import type { Problems } from '../output/problems.js';
import { ByChat } from '../session-map/by-chat.js';
import { type FoundActivity, findActivity } from '../sessions/activity.js';
import { type Assessment, activeSince, reportUnreadable } from '../sessions/assess.js';
import { type Decision, decide, isIdle } from '../sessions/decide.js';

// A look at all processes takes some ms: in a loop over thousands of mappings it is not worth one each.
const PROCESSES_MS = 50;

/** The decision taken anew, right before it takes effect. */
export class Recheck implements FinalCheck {
  readonly #assessment: Assessment;
  readonly #problems: Problems;
  #activity: FoundActivity;
  #sweptAt: number;
  #processesAt = Number.NEGATIVE_INFINITY;
  #goes: ByChat<Decision>;
  /** The latest decision on those that stay, whether they became active meanwhile or were so all along. */
  readonly staying = new ByChat<Decision>();

  constructor(assessment: Assessment, problems: Problems) {
    this.#assessment = assessment;
    this.#problems = problems;
    this.#activity = assessment.activity;
    this.#sweptAt = assessment.policy.now;
    this.#goes = new ByChat();
    for (const decision of assessment.decisions) {
      if (decision.removes) this.#goes.set(decision.mapping, decision);
    }
  }

  /** Sweeps once more whenever files have come or gone since the last time; looks at the processes. */
  refresh(): void {
    const { decisions, policy } = this.#assessment;
    const mappings = decisions.map(({ mapping }) => mapping);
    if (this.#activity.hasChangedSince(this.#sweptAt)) {
      this.#sweptAt = Date.now();
      this.#activity = findActivity(mappings, this.#activity.roots, {
        checkRunning: policy.keepRunning,
        activeSince: activeSince(mappings, policy),
        keepTimes: true,
      });
      this.#processesAt = performance.now();
    } else if (policy.keepRunning) {
      this.#lookAtProcesses();
    } else {
      return;
    }
    const anew = decide(mappings, this.#activity, policy);
    reportUnreadable(anew, this.#activity, this.#problems);
    const goes = new ByChat<Decision>();
    for (const decision of anew) {
      (decision.removes ? goes : this.staying).set(decision.mapping, decision);
    }
    this.#goes = goes;
  }

  #lookAtProcesses(): void {
    this.#activity.refreshRunning();
    this.#processesAt = performance.now();
  }

  /** Looks at this session's own files and processes once more. */
  stays({ mapping }: Leaving): boolean {
    const decision = this.#goes.get(mapping);
    const { family, session } = mapping;
    if (decision === undefined || family === undefined || session === null) return true;
    const { policy } = this.#assessment;
    if (policy.keepRunning) {
      if (performance.now() - this.#processesAt > PROCESSES_MS) this.#lookAtProcesses();
      const running = this.#activity.isRunning(family, session);
      if (running || this.#activity.mayRun(family, session)) {
        return this.#keep({ ...decision, running, keptBecause: running ? 'running' : 'doubt' });
      }
    }
    try {
      const latest = this.#activity.latestActivity(family, session);
      // Without a file: it never had one, or it has been moved or deleted since the sweep.
      if (latest === null) return decision.state !== 'missing';
      if (isIdle(mapping, latest, policy)) return false;
      const active = { state: 'active', lastActivity: latest, keptBecause: 'active' } as const;
      return this.#keep({ ...decision, ...active });
    } catch (error) {
      this.#problems.error(`${mapping.provider}/${mapping.chat}: kept: ${reason(error)}`);
      return true;
    }
  }

  #keep(decision: Decision): true {
    this.staying.set(decision.mapping, { ...decision, removes: false });
    return true;
  }
}
