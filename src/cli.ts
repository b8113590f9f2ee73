import { Command, CommanderError } from 'commander';
import { CleanupError, EXIT, type ExitStatus, explained } from './errors.js';
import {
  addCleanOptions,
  addInspectOptions,
  addRestoreOptions,
  cleanOptions,
  type Flags,
  inspectOptions,
  restoreOptions,
} from './options.js';
import { printable, printableJson } from './printable.js';
import { errorJson } from './report/json.js';
import { printProblems } from './report/stderr.js';
import { print } from './report/stdout.js';

declare const __VERSION__: string;

const NAME = 'claude-session-cleanup';

// Each command is loaded only when it runs.
function program(done: (status: ExitStatus) => void): Command {
  const root = new Command(NAME)
    .description("Removes the mappings of idle CLI sessions from a chat bridge's session_map.json.")
    .version(__VERSION__)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .argument('[command]')
    .usage('[options]\n       claude-session-cleanup [options] list|restore|doctor')
    .configureHelp({ visibleArguments: () => [] });
  addCleanOptions(root).action(async (command: string | undefined, flags: Flags) => {
    if (command !== undefined) refuseCommand(command, root);
    const { clean } = await import('./commands/clean.js');
    done(await clean(cleanOptions(flags, process.env)));
  });

  addInspectOptions(root.command('list'))
    .description('show every mapped session with its last activity; changes nothing')
    .action(async (_flags: Flags, command: Command) => {
      const { list } = await import('./commands/list.js');
      done(await list(inspectOptions(command.optsWithGlobals(), process.env)));
    });

  addRestoreOptions(root.command('restore'))
    .description('put removed mappings back; with nothing named, list those that can be')
    .argument('[chat...]', 'chats whose mappings to put back')
    .action(async (chats: string[], _flags: Flags, command: Command) => {
      const { restore } = await import('./commands/restore.js');
      done(await restore(chats, restoreOptions(command.optsWithGlobals(), process.env)));
    });

  addInspectOptions(root.command('doctor'))
    .description('why is nothing cleaned? check everything; changes nothing')
    .action(async (_flags: Flags, command: Command) => {
      const { doctor } = await import('./commands/doctor.js');
      done(await doctor(inspectOptions(command.optsWithGlobals(), process.env)));
    });

  return root;
}

/** Lets commander say it, with its suggestion: a program with a default action never does by itself. */
function refuseCommand(word: string, root: Command): void {
  const commands = new Command(NAME).exitOverride();
  for (const known of root.commands) commands.command(known.name());
  commands.parse([word], { from: 'user' });
}

async function main(args: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.done;
  try {
    const root = program((result) => {
      status = result;
    });
    for (const command of [root, ...root.commands]) command.exitOverride();
    await root.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are no errors; what is wrong, commander has said.
      return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    }
    return await report(error, args);
  }
}

async function report(thrown: unknown, args: readonly string[]): Promise<ExitStatus> {
  const error = explained(thrown, pathOf(thrown), 'the map is whole');
  const isExpected = error instanceof CleanupError;
  const message = isExpected ? error.message : `internal error: ${describe(error)}`;
  printProblems([{ level: 'error', message }]);
  if (args.includes('--json')) {
    const command = args.find((word) => ['list', 'restore', 'doctor'].includes(word)) ?? 'clean';
    await print(printableJson(errorJson(command, printable(message)))).catch(() => {});
  }
  return isExpected ? error.exitStatus : EXIT.failed;
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

main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
