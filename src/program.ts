import { Argument, Command } from 'commander';
import type { Shell } from './commands/completion.js';
import { EXIT, type ExitStatus } from './errors.js';
import { PROGRAM, VERSION } from './name.js';
import {
  addCleanOptions,
  addListOptions,
  addRestoreOptions,
  addSessionOptions,
  type Flags,
  flagsOf,
} from './options/flags.js';
import { cleanOptions, listOptions, restoreOptions, sessionOptions } from './options/resolve.js';
import { print } from './output/stdout.js';

/** How far the program has come. */
export interface Course {
  status: ExitStatus;
  /** Whether it is a clean run whose options make sense: then that run keeps its own metrics. */
  cleans: boolean;
  /** Help, or the version. */
  help: string;
}

export const AT_THE_START: Readonly<Course> = { status: EXIT.done, cleans: false, help: '' };

/** The command line: every command with its options. Each command is loaded only when it runs. */
export function program(course: Course): Command {
  const done = (status: ExitStatus): void => {
    course.status = status;
  };
  const root = commandLine(PROGRAM)
    // By itself commander writes to a stream, which fails without a word for us to catch.
    .configureOutput({
      writeOut: (text) => {
        course.help += text;
      },
    })
    .description("Removes the mappings of idle CLI sessions from a chat bridge's session_map.json.")
    .version(VERSION)
    .enablePositionalOptions()
    .helpCommand(false)
    .showSuggestionAfterError()
    .argument('[command]')
    .usage('[clean] [options]\n       claude-session-cleanup list|restore|doctor|completion|schema')
    .configureHelp({ visibleArguments: () => [] });
  const runClean = async (flags: Flags): Promise<void> => {
    const options = cleanOptions(flags, process.env);
    const { clean } = await import('./commands/clean.js');
    course.cleans = true;
    done(await clean(options));
  };
  addCleanOptions(root).action(async (command: string | undefined, flags: Flags) => {
    if (command !== undefined) refuseCommand(command, root);
    await runClean(flags);
  });

  addCleanOptions(root.command('clean'))
    .description('remove the mappings of idle sessions; what is done without a command')
    .action(async (_flags: Flags, command: Command) => runClean(flagsOf(command)));

  addListOptions(root.command('list'))
    .description('show every mapped session with its last activity; changes nothing')
    .action(async (_flags: Flags, command: Command) => {
      const { list } = await import('./commands/list.js');
      done(await list(listOptions(flagsOf(command), process.env)));
    });

  addRestoreOptions(root.command('restore'))
    .description('put removed mappings back; with nothing named, list those that can be')
    .argument('[chat...]', 'chats whose mappings to put back')
    .action(async (chats: string[], _flags: Flags, command: Command) => {
      const { restore } = await import('./commands/restore.js');
      done(await restore(chats, restoreOptions(flagsOf(command), process.env)));
    });

  addSessionOptions(root.command('doctor'))
    .description('why is nothing cleaned? check everything; changes nothing')
    .action(async (_flags: Flags, command: Command) => {
      const { doctor } = await import('./commands/doctor.js');
      done(await doctor(sessionOptions(flagsOf(command), process.env)));
    });

  root
    .command('completion')
    .description("print the script for a shell's completion: bash, zsh or fish")
    .addArgument(
      new Argument('<shell>', 'the shell that reads it').choices(['bash', 'zsh', 'fish']),
    )
    .action(async (shell: Shell) => {
      const { completion } = await import('./commands/completion.js');
      await print(completion(root, shell));
    });

  root
    .command('schema')
    .description('print the JSON schema that --json follows')
    .action(async () => {
      const { schema } = await import('./commands/schema.js');
      await print(schema());
    });

  const named = root.commands.map((command) => command.name());
  root
    .command('help')
    .description('display help for command')
    // Commander's own help of a command that does not exist is a page, with no word of what is wrong.
    .addArgument(new Argument('[command]').choices(named))
    .action((name: string | undefined) => {
      (root.commands.find((command) => command.name() === name) ?? root).help();
    });

  root
    .command('man', { hidden: true })
    .description('print the manual page')
    .action(async () => {
      const { manPage } = await import('./commands/man.js');
      await print(manPage(root, VERSION));
    });

  return root;
}

/** What commander finds wrong is thrown, and said by us. */
function commandLine(name: string): Command {
  return new Command(name).exitOverride().configureOutput({ outputError: () => {} });
}

/** Has commander refuse it, with its suggestion: a program with a default action never does by itself. */
function refuseCommand(word: string, root: Command): void {
  const commands = commandLine(PROGRAM);
  for (const known of root.commands) commands.command(known.name());
  commands.parse([word], { from: 'user' });
}
