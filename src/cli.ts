import { CommanderError } from 'commander';
import type { ExitStatus } from './errors.js';
import { reportFailure } from './failure.js';
import { print } from './output/stdout.js';
import { AT_THE_START, program } from './program.js';

async function main(args: readonly string[]): Promise<ExitStatus> {
  const course = { ...AT_THE_START };
  try {
    await program(course).parseAsync(args, { from: 'user' }).catch(unlessHelp);
    await print(course.help);
    return course.status;
  } catch (error) {
    return await reportFailure(error, args, course);
  }
}

/** Commander ends with an error also when it was asked for help or the version. */
function unlessHelp(error: unknown): void {
  if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
}

main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
