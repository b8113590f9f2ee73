import { type Finding, problem, warning } from './finding.js';

// A map with thousands of odd values must not fill a log each hour.
const MOST_OF_A_KIND = 5;

/** Findings that say the same of different subjects, each subject once. */
interface Kind {
  readonly first: Finding[];
  readonly subjects: Set<string>;
}

/** Takes in the warnings and problems of a run as they are met. */
export class Problems {
  readonly #kinds = new Map<string, Kind>();

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
    const kind: Kind = this.#kinds.get(key) ?? { first: [], subjects: new Set() };
    this.#kinds.set(key, kind);
    if (kind.subjects.has(subject)) return;
    kind.subjects.add(subject);
    if (kind.first.length < MOST_OF_A_KIND) kind.first.push(finding);
  }

  /** By kind, as they were met: the first few of each, and how many more there are. */
  get all(): readonly Finding[] {
    return [...this.#kinds.values()].flatMap(({ first, subjects }) => {
      const more = subjects.size - first.length;
      return more === 0
        ? first
        : [...first, ...first.slice(0, 1).map((one) => ({ ...one, subject: `${more} more` }))];
    });
  }

  get hasErrors(): boolean {
    return this.all.some(({ level }) => level === 'problem');
  }
}
