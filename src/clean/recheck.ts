import type { FinalCheck } from '../commit/remove-mappings.js';
import { reason } from '../errors.js';
import type { Leaving } from '../journal/removals.js';
import type { Problems } from '../output/problems.js';
import { ByChat } from '../session-map/by-chat.js';
import { type Assessment, reportUnreadable } from '../sessions/assess.js';
import { type Decision, decide, isIdle } from '../sessions/decide.js';

// A look at all processes takes some ms: in a loop over thousands of mappings it is not worth one each.
const PROCESSES_S = 0.05;

/** The decision taken anew, right before it takes effect. */
export class Recheck implements FinalCheck {
  #goes = new ByChat<Decision>();
  /** The latest decision on those that stay, whether they became active meanwhile or were so all along. */
  readonly staying = new ByChat<Decision>();

  constructor(
    private readonly assessment: Assessment,
    private readonly problems: Problems,
  ) {
    this.#take(assessment.decisions);
  }

  /** Looks at the processes, and at the trees as far as they have changed since the last time. */
  refresh(): void {
    const { decisions, activity, policy } = this.assessment;
    activity.refresh();
    const mappings = decisions.map(({ mapping }) => mapping);
    const anew = decide(mappings, activity, policy);
    reportUnreadable(anew, activity, this.problems);
    this.#take(anew);
  }

  #take(decisions: readonly Decision[]): void {
    this.#goes = new ByChat();
    for (const decision of decisions) {
      const list = decision.keptBecause === null ? this.#goes : this.staying;
      list.set(decision.mapping, decision);
    }
  }

  /** Looks at this session's own files and processes once more. */
  stays({ mapping }: Leaving): boolean {
    const decision = this.#goes.get(mapping);
    if (decision === undefined) return true;
    const { activity, policy } = this.assessment;
    if (policy.keepRunning) {
      activity.refreshProcesses(PROCESSES_S);
      const found = activity.processOf(mapping);
      const running = found === 'running';
      if (found !== 'none') {
        const keptBecause = running ? 'running' : 'doubt';
        this.staying.set(mapping, { ...decision, running, keptBecause });
        return true;
      }
    }
    try {
      const lastActivity = activity.latestActivity(mapping);
      // Without a file: it never had one, or it has been moved or deleted since the sweep.
      if (lastActivity === null) return decision.state !== 'missing';
      if (isIdle(mapping, lastActivity, policy)) return false;
      const active = { state: 'active', lastActivity, keptBecause: 'active' } as const;
      this.staying.set(mapping, { ...decision, ...active });
    } catch (error) {
      this.problems.error(`${mapping.provider}/${mapping.chat}: kept: ${reason(error)}`);
    }
    return true;
  }
}
