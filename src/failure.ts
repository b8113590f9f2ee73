import { type Command, CommanderError } from 'commander';
import { CleanupError, EXIT, type ExitStatus, explained, UsageError } from './errors.js';
import { type Flags, flagsOf, inOneLine } from './options/flags.js';
import { metricsOptions } from './options/resolve.js';
import { printable, printableJson } from './output/printable.js';
import { Problems } from './output/problems.js';
import { print, printProblems } from './output/streams.js';
import type { Course } from './program.js';
import { errorJson } from './report/json.js';

/**
 * Tells of a command that could not do its work: on standard error, as JSON and in the metrics, as asked.
 *
 * @param root the command line, as far as it was read
 */
export async function reportFailure(
  thrown: unknown,
  root: Command,
  { cleans }: Course,
): Promise<ExitStatus> {
  const error = explained(refused(thrown), pathOf(thrown), 'the map is whole');
  const isExpected = error instanceof CleanupError;
  const message = isExpected ? error.message : `internal error: ${describe(error)}`;
  const problems = new Problems();
  problems.error(message);
  const [word] = root.args;
  const asked = root.commands.find((known) => known.name() === word);
  const name = asked?.name() ?? 'clean';
  const flags = flagsOf(asked ?? root);
  // A word that is no command is no clean run.
  const isClean =
    name === 'clean' && (asked !== undefined || word === undefined || word.startsWith('-'));
  if (isClean && !cleans) await keepMetrics(flags, problems);
  printProblems(problems.all);
  if ('json' in flags) {
    await print(printableJson(errorJson(name, printable(message)))).catch(() => {});
  }
  return isExpected ? error.exitStatus : EXIT.failed;
}

/** What commander finds wrong, in one line with its suggestion. */
function refused(thrown: unknown): unknown {
  if (!(thrown instanceof CommanderError)) return thrown;
  return new UsageError(inOneLine(thrown.message));
}

/** Writes the metrics of a clean run that did not begin; none when it can't be told where. */
async function keepMetrics(flags: Flags, problems: Problems): Promise<void> {
  try {
    const options = metricsOptions(flags, process.env);
    const { metricsOf } = await import('./metrics/record.js');
    metricsOf(options, problems)(undefined, false);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
}

/** The file that a failed system call was about. */
function pathOf(error: unknown): string {
  const hasPath = error instanceof Error && 'path' in error && typeof error.path === 'string';
  return hasPath ? printable(String(error.path)) : 'a system call failed';
}

/** Our own fault: where it happened is what a bug report needs. */
function describe(error: unknown): string {
  return error instanceof Error
    ? (error.stack ?? error.message).replaceAll(/\s*\n\s*/g, ' ')
    : String(error);
}
