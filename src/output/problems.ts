import { printable } from './printable.js';

/** Something that the user should know: a warning, or an error that makes the run incomplete. */
export interface Problem {
  readonly level: 'warning' | 'error';
  readonly message: string;
}

/** Takes in problems as they are met. */
export class Problems {
  readonly #found: Problem[] = [];
  readonly #said = new Set<string>();

  warn(message: string): void {
    this.#add('warning', message);
  }

  error(message: string): void {
    this.#add('error', message);
  }

  get all(): readonly Problem[] {
    return this.#found;
  }

  get hasErrors(): boolean {
    return this.#found.some(({ level }) => level === 'error');
  }

  /** What is met twice is told once. */
  #add(level: Problem['level'], message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#found.push({ level, message: printable(message) });
  }
}
