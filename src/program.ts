import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { EXIT, type ExitStatus } from './errors.js';
import { PROGRAM, VERSION } from './name.js';
import { addOptions, flagsOf } from './options/flags.js';
import { type Options, optionsFrom } from './options/resolve.js';
import { TAKERS, type Taker } from './options/table.js';
import { printableJson } from './output/printable.js';
import type { Problems } from './output/problems.js';
import { print } from './output/streams.js';

/** How far the program has come. */
export interface Course {
  status: ExitStatus;
  /** Said when all is done. */
  readonly problems: Problems;
  /** Help, or the version. */
  help: string;
  /** The command that the command line names; undefined without one. */
  command?: Command;
}

/** What a command has to say. */
interface Answer {
  readonly json: () => unknown;
  readonly text: () => Iterable<string> | Promise<Iterable<string>>;
  /** It has failed though it has met no problem. */
  readonly failed?: boolean;
}

/** @param words what stands behind the command's name, besides options */
type Run = (options: Options, problems: Problems, words: readonly string[]) => Promise<Answer>;

/** Each command is loaded only when it runs. */
const RUNS: Readonly<Record<Taker, Run>> = {
  clean: async (options, problems) =>
    (await import('./commands/clean.js')).clean(options, problems),
  list: async (...given) => (await import('./commands/list.js')).list(...given),
  restore: async (...given) => (await import('./commands/restore.js')).restore(...given),
  doctor: async (options) => (await import('./commands/doctor.js')).doctor(options),
};

/** The command line: every command with its options. */
export function program(course: Course): Command {
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
    .configureHelp({ visibleArguments: () => [] })
    .hook('preSubcommand', (_root, command) => {
      course.command = command;
      takeOptions(command);
    });

  /** Has a command run with its options. */
  const runs = (command: Command, taker: Taker): Command =>
    command.action(async () => {
      if (command === root && command.args[0] !== undefined) refuseCommand(command.args[0], root);
      const options = optionsFrom(taker, flagsOf(command), process.env);
      const { json, text, failed } = await RUNS[taker](options, course.problems, command.args);
      await print(options.json ? printableJson(json()) : await text());
      if (failed || course.problems.hasErrors) course.status = EXIT.failed;
    });
  runs(addOptions(root, 'clean'), 'clean');
  runs(root.command('clean'), 'clean').description(
    'remove the mappings of idle sessions; what is done without a command',
  );
  runs(root.command('list'), 'list')
    .description('show every mapped session with its last activity; changes nothing')
    .argument('[chat...]', 'chats of which to tell all that was weighed');
  runs(root.command('restore'), 'restore')
    .description('put removed mappings back; with nothing named, list those that can be')
    .argument('[chat...]', 'chats whose mappings to put back');
  runs(root.command('doctor'), 'doctor').description(
    'why is nothing cleaned? check everything; changes nothing',
  );

  root
    .command('completion')
    .description("print the script for a shell's completion: bash, zsh or fish")
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action((shell: string) => printFile(`completions/${PROGRAM}.${shell}`));
  root
    .command('schema')
    .description('print the JSON schema that --json follows')
    .action(() => printFile('json.schema.json'));

  const named = root.commands.map((command) => command.name());
  root
    .command('help')
    .description('display help for command')
    // Commander's own help of a command that does not exist is a page, with no word of what is wrong.
    .addArgument(new Argument('[command]').choices(named))
    .action((name: string | undefined) => {
      const about = root.commands.find((command) => command.name() === name) ?? root;
      takeOptions(about);
      about.help();
    });
  return root;
}

/** Prints a file that the build has put beside the program. */
function printFile(name: string): Promise<void> {
  return print(readFileSync(join(__dirname, name), 'utf8'));
}

/** Gives a command its options: only the one that is asked for, since all of them take milliseconds. */
export function takeOptions(command: Command): void {
  const taker = TAKERS.find((name) => name === command.name());
  if (taker !== undefined) addOptions(command, taker);
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
