import { existsSync } from 'node:fs';
import { type Finding, problem, warning } from '../output/finding.js';
import { textOf } from './files.js';

/** Environment variables. */
export type Variables = Readonly<Record<string, string>>;

/** The variables of an environment file, as systemd and sh read it alike; undefined when it can't be read. */
export function environmentFile(path: string): Variables | undefined {
  const text = textOf(path);
  if (text === undefined) return undefined;
  return assignments(text.split('\n').map((line) => line.trim()));
}

/** What words such as NAME=value and NAME="value" set. */
export function assignments(words: readonly string[]): Variables {
  const found = words.flatMap((word) => {
    const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/.exec(word) ?? [];
    return name === undefined ? [] : [[name, bare(value)]];
  });
  return Object.fromEntries(found);
}

/** What is wrong with a job's environment file, if anything. */
export function checkEnvironmentFile(subject: string, path: string): Finding[] {
  if (!existsSync(path)) {
    const message = `${path}, which has its settings, is not there`;
    return [problem(subject, message, 'run scripts/install.sh again')];
  }
  if (textOf(path) === undefined) {
    const message = `what it is told could not be read: ${path}`;
    return [warning(subject, message, 'run doctor as the user that it runs as')];
  }
  return [];
}

/** The words of a command line in which there are no quotes inside of words. */
export function wordsOf(line: string): string[] {
  return (line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map(bare);
}

function bare(word: string): string {
  return /^(['"]).*\1$/s.test(word) ? word.slice(1, -1) : word;
}
