import { type Command, CommanderError } from 'commander';
import { CleanupError, EXIT, type ExitStatus, explained, UsageError } from './errors.js';
import { type Flags, inOneLine } from './options/flags.js';
import { metricsOptions } from './options/resolve.js';
import { printable, printableJson } from './output/printable.js';
import { Problems } from './output/problems.js';
import { printProblems } from './output/stderr.js';
import { print } from './output/stdout.js';
import { AT_THE_START, type Course, program } from './program.js';
import { errorJson } from './report/json.js';

/** Tells of a command that could not do its work: on standard error, as JSON and in the metrics, as asked. */
export async function reportFailure(
  thrown: unknown,
  args: readonly string[],
  { cleans }: Course,
): Promise<ExitStatus> {
  const error = explained(refused(thrown), pathOf(thrown), 'the map is whole');
  const isExpected = error instanceof CleanupError;
  const message = isExpected ? error.message : `internal error: ${describe(error)}`;
  const problems = new Problems();
  problems.error(message);
  const { command, isClean, flags } = asked(args);
  if (isClean && !cleans) {
    const { MetricsRecord } = await import('./metrics/record.js');
    new MetricsRecord(metricsOptions(flags, process.env), problems).write(undefined, false);
  }
  printProblems(problems.all);
  if (flags.json) {
    await print(printableJson(errorJson(command, printable(message)))).catch(() => {});
  }
  return isExpected ? error.exitStatus : EXIT.failed;
}

/** What commander finds wrong, in one line with its suggestion. */
function refused(thrown: unknown): unknown {
  if (!(thrown instanceof CommanderError)) return thrown;
  return new UsageError(inOneLine(thrown.message));
}

/** What a command line asks for. */
interface Asked {
  readonly command: string;
  readonly isClean: boolean;
  readonly flags: Flags;
}

/** What a command line asks for, as far as it can be told of one that may make no sense. */
function asked(args: readonly string[]): Asked {
  const root = program({ ...AT_THE_START });
  for (const { options } of [root, ...root.commands]) {
    for (const option of options) if (option.parseArg) option.argParser((value) => value);
  }
  let words: readonly string[] = [];
  let command: Command | undefined;
  try {
    const { operands, unknown } = root.parseOptions([...args]);
    words = operands;
    command = root.commands.find((known) => known.name() === words[0]);
    command?.parseOptions(unknown);
  } catch (error) {
    // An option that stands last and lacks its value.
    if (!(error instanceof CommanderError)) throw error;
  }
  return {
    command: command?.name() ?? 'clean',
    isClean: words.length === 0 || words[0] === 'clean',
    flags: (command ?? root).optsWithGlobals(),
  };
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
