import type { Command } from 'commander';

/** The manual page of the program, in man(7)'s language, made from its commands and options. */
export function manPage(root: Command, version: string): string {
  const name = root.name();
  const commands = root.commands.filter((command) => command.name() !== 'man');
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    '.SH NAME',
    `${text(name)} \\- remove the mappings of idle CLI sessions from a chat bridge's map`,
    '.SH SYNOPSIS',
    ...[root, ...commands].flatMap((command, at) => [
      ...(at === 0 ? [] : ['.br']),
      `.B ${text(at === 0 ? name : `${name} ${command.name()}`)}`,
      text(argumentsOf(command, command === root)),
    ]),
    '.SH DESCRIPTION',
    ...paragraphs(DESCRIPTION),
    '.SH OPTIONS',
    ...options(root),
    '.SH COMMANDS',
    ...commands.flatMap((command) => [
      `.SS ${text(`${command.name()} ${argumentsOf(command, false)}`)}`,
      text(sentence(command.description())),
      ...options(command),
    ]),
    '.SH ENVIRONMENT',
    ...definitions([...variables(root), ...FOR_ON_CHANGE]),
    '.SH EXIT STATUS',
    ...definitions(EXIT_STATUS),
    '.SH FILES',
    ...definitions(FILES),
    '.SH SEE ALSO',
    '.BR systemd.timer (5),',
    '.BR journalctl (1),',
    '.BR crontab (5)',
    '',
  ].join('\n');
}

const DESCRIPTION = [
  "A chat bridge runs AI coding CLIs for many chats and remembers in session_map.json which CLI session belongs to which chat. This program finds each mapped session's transcript in the directory of Claude Code, Gemini CLI or Codex CLI, takes the time of its last activity, and removes the mapping of every session that has been idle for longer than the threshold. Transcripts are never touched; what was removed can be put back with the command restore.",
  'Whatever is uncertain keeps its mapping. A flag wins over the environment, the environment over the default.',
  'A running bridge answers from its memory and writes it over the file: give its address with \\-\\-bridge\\-url.',
];

const FOR_ON_CHANGE: readonly (readonly [string, string])[] = [
  [
    'CLEANED_COUNT, SESSION_MAP',
    'Set for the command of \\-\\-on\\-change: how many mappings were removed, and the path of the map. The command has 60 seconds.',
  ],
];

const EXIT_STATUS: readonly (readonly [string, string])[] = [
  ['0', 'Done, also when there was nothing to do or no map yet.'],
  ['1', 'Failed or incomplete; the map is whole.'],
  ['2', 'Wrong usage.'],
  ['75', 'Another run holds the lock.'],
];

const FILES: readonly (readonly [string, string])[] = [
  [
    '/tmp/claude_sessions/session_map.json',
    "The bridge's map, unless \\-\\-session\\-dir says otherwise.",
  ],
  ['session_map.removed.jsonl', 'Beside the map: what was removed, for restore.'],
];

function argumentsOf(command: Command, isRoot: boolean): string {
  const named = command.registeredArguments.map((argument) => {
    const name = argument.argChoices?.join('|') ?? argument.name();
    const many = argument.variadic ? '...' : '';
    return argument.required ? `${name}${many}` : `[${name}${many}]`;
  });
  return ['[options]', ...(isRoot ? [] : named)].join(' ');
}

function options(command: Command): string[] {
  const help = command.createHelp();
  return definitions(
    help
      .visibleOptions(command)
      .map((option) => [option.flags, sentence(text(help.optionDescription(option)))] as const),
  );
}

const VARIABLE = /\b(moved by )?env ([A-Z_]+)/;

/** The variables that the descriptions of options name. */
function variables(command: Command): (readonly [string, string])[] {
  return command.options.flatMap(({ description, long }) => {
    const [, isTheirs, variable] = VARIABLE.exec(description) ?? [];
    if (variable === undefined) return [];
    const option = text(long ?? '');
    const meaning = isTheirs
      ? `As the CLI itself reads it; ${option} overrules it.`
      : `As ${option}, which overrules it.`;
    return [[variable, meaning] as const];
  });
}

function definitions(all: readonly (readonly [string, string])[]): string[] {
  return all.flatMap(([term, meaning]) => ['.TP', `.B ${text(term)}`, meaning]);
}

function paragraphs(all: readonly string[]): string[] {
  return all.flatMap((paragraph, at) => (at === 0 ? [paragraph] : ['.PP', paragraph]));
}

function sentence(words: string): string {
  const first = words.slice(0, 1).toUpperCase();
  return `${first}${words.slice(1)}${words.endsWith('.') ? '' : '.'}`;
}

/** Text as roff takes it literally. */
function text(words: string): string {
  return words.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&');
}
