import { CommanderError } from 'commander';
import { EXIT, type ExitStatus } from './errors.js';
import { reportFailure } from './failure.js';
import { AT_THE_START, program } from './program.js';

async function main(args: readonly string[]): Promise<ExitStatus> {
  const course = { ...AT_THE_START };
  try {
    await program(course).parseAsync(args, { from: 'user' });
    return course.status;
  } catch (error) {
    // Help and version.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    return await reportFailure(error, args, course);
  }
}

main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
