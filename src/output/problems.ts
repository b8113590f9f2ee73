import { type Finding, problem, warning } from './finding.js';

// A map with thousands of odd values must not fill a log each hour.
const MOST_OF_A_KIND = 5;

/** Takes in the warnings and problems of a run as they are met. */
export class Problems {
  /** By what they say, and then by their subjects. */
  readonly #kinds = new Map<string, Map<string, Finding>>();

  /** Without a subject each message is a kind of its own; `add` is for what can be met thousands of times. */
  warn(message: string, fix: string | null = null): void {
    this.add(warning('', message, fix));
  }

  /** Makes the run incomplete. */
  error(message: string, fix: string | null = null): void {
    this.add(problem('', message, fix));
  }

  /** What is met twice is told once. */
  add(finding: Finding): void {
    const { level, subject, message, fix } = finding;
    const key = JSON.stringify([level, message, fix]);
    const kind = this.#kinds.get(key) ?? new Map<string, Finding>();
    this.#kinds.set(key, kind.set(subject, finding));
  }

  /** By kind, as they were met: the first few of each, and how many more there are. */
  get all(): readonly Finding[] {
    return [...this.#kinds.values()].flatMap((kind) => {
      const first = [...kind.values()].slice(0, MOST_OF_A_KIND);
      const subject = `${kind.size - first.length} more`;
      return kind.size === first.length
        ? first
        : [...first, ...first.slice(0, 1).map((one) => ({ ...one, subject }))];
    });
  }

  get hasErrors(): boolean {
    return this.all.some(({ level }) => level === 'problem');
  }
}
