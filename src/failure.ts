import { inspect } from 'node:util';
import { type Command, CommanderError } from 'commander';
import { CleanupError, EXIT, type ExitStatus, explained, UsageError } from './errors.js';
import { type Flags, flagsOf } from './options/flags.js';
import { metricsOptions } from './options/resolve.js';
import { printable, printableJson } from './output/printable.js';
import type { Problems } from './output/problems.js';
import { print } from './output/streams.js';
import type { Course } from './program.js';
import { JSON_VERSION } from './report/json.js';

/**
 * Tells of a command that could not do its work: among its problems, as JSON and in the metrics, as asked.
 *
 * @param root the command line, as far as it was read
 */
export async function reportFailure(
  thrown: unknown,
  root: Command,
  { command, problems }: Course,
): Promise<ExitStatus> {
  const error = explained(refused(thrown), pathOf(thrown), 'the map is whole');
  const isExpected = error instanceof CleanupError;
  // Of our own fault: where it happened is what a bug report needs.
  const message = isExpected
    ? error.message
    : `internal error: ${inspect(error)}`.replaceAll(/\s*\n\s*/g, ' ');
  problems.error(message);
  const name = command?.name() ?? 'clean';
  const flags = flagsOf(command ?? root);
  // A word that is no command is no clean run.
  const isWord = command === undefined && /^[^-]/.test(root.args[0] ?? '');
  if (name === 'clean' && !isWord) await keepMetrics(flags, problems);
  if ('json' in flags) {
    const document = { version: JSON_VERSION, command: name, error: printable(message) };
    await print(printableJson(document)).catch(() => {});
  }
  return isExpected ? error.exitStatus : EXIT.failed;
}

/** What commander finds wrong, in one line with its suggestion. */
function refused(thrown: unknown): unknown {
  if (!(thrown instanceof CommanderError)) return thrown;
  return new UsageError(thrown.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' '));
}

/** Writes the metrics of a clean run that failed; none when it can't be told where. */
async function keepMetrics(flags: Flags, problems: Problems): Promise<void> {
  try {
    const { metrics, sessionDir } = metricsOptions(flags, process.env);
    if (metrics === undefined) return;
    const { writeMetrics } = await import('./metrics/metrics.js');
    writeMetrics(metrics, sessionDir, undefined, problems);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
}

/** The file that a failed system call was about. */
function pathOf(error: unknown): string {
  const hasPath = error instanceof Error && 'path' in error && typeof error.path === 'string';
  return hasPath ? printable(String(error.path)) : 'a system call failed';
}
