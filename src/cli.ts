import { CommanderError } from 'commander';
import { EXIT, type ExitStatus } from './errors.js';
import { reportFailure } from './failure.js';
import { Problems } from './output/problems.js';
import { print, printProblems } from './output/streams.js';
import { type Course, program } from './program.js';

async function main(args: readonly string[]): Promise<ExitStatus> {
  const course: Course = { status: EXIT.done, problems: new Problems(), help: '' };
  const root = program(course);
  try {
    await root.parseAsync(args, { from: 'user' }).catch(unlessHelp);
    await print(course.help);
  } catch (error) {
    course.status = await reportFailure(error, root, course);
  }
  printProblems(course.problems.all);
  return course.status;
}

/** Commander ends with an error also when it was asked for help or the version. */
function unlessHelp(error: unknown): void {
  if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
}

main(process.argv.slice(2)).then((status) => process.exit(status));
