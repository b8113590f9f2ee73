// A pass of a loop takes less; in more the process was stopped, as on a suspended machine.
const LONGEST_PASS_MS = 1000;

/** How long to go on trying. Time in which the process was stopped does not count. */
export class Patience {
  #left: number;
  #last = performance.now();

  /** @param limit ms */
  constructor(limit: number) {
    this.#left = limit;
  }

  /** Asked once in each pass of a loop. */
  get isOver(): boolean {
    const now = performance.now();
    this.#left -= Math.min(now - this.#last, LONGEST_PASS_MS);
    this.#last = now;
    return this.#left < 0;
  }
}
