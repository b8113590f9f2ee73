import type { Command } from 'commander';
import { longOf, optionsOf } from '../options/table.js';

/** The manual page of the program, in man(7)'s language, made from its commands and options. */
export function manPage(root: Command, version: string): string {
  const name = root.name();
  const commands = root.createHelp().visibleCommands(root);
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    '.SH NAME',
    `${text(name)} \\- remove the mappings of idle CLI sessions from a chat bridge's map`,
    '.SH SYNOPSIS',
    `.B ${text(name)}\n[clean] [options]`,
    ...commands.map((each) => `.br\n.B ${text(`${name} ${each.name()}`)}\n${text(each.usage())}`),
    '.SH DESCRIPTION',
    DESCRIPTION.map(text).join('\n.PP\n'),
    '.SH OPTIONS',
    ...definitions(optionsIn(root)),
    '.SH COMMANDS',
    ...commands.flatMap((each) => [
      `.SS ${text(`${each.name()} ${each.usage()}`)}`,
      text(sentence(each.description())),
      ...(each.name() === 'clean' ? [] : definitions(optionsIn(each))),
    ]),
    '.SH ENVIRONMENT',
    ...definitions([...variables(), ON_CHANGE]),
    '.SH EXIT STATUS',
    ...definitions(EXIT_STATUS),
    '.SH FILES',
    ...definitions(FILES),
    '.SH SEE ALSO',
    '.BR systemd.timer (5),\n.BR journalctl (1),\n.BR crontab (5)\n',
  ].join('\n');
}

type Definition = readonly [term: string, meaning: string];

const DESCRIPTION = [
  "A chat bridge runs AI coding CLIs for many chats and remembers in session_map.json which CLI session belongs to which chat. This program finds each mapped session's transcript in the directory of Claude Code, Gemini CLI or Codex CLI, takes the time of its last activity, and removes the mapping of every session that has been idle for longer than the threshold. Transcripts are never touched; what was removed can be put back with the command restore.",
  'Whatever is uncertain keeps its mapping. A flag wins over the environment, the environment over the default.',
  'A running bridge answers from its memory and writes it over the file: give its address with --bridge-url.',
];

const ON_CHANGE: Definition = [
  'CLEANED_COUNT, SESSION_MAP',
  'Set for the command of --on-change: how many mappings were removed, and the path of the map. The command has 60 seconds.',
];

const EXIT_STATUS: readonly Definition[] = [
  ['0', 'Done, also when there was nothing to do or no map yet.'],
  ['1', 'Failed or incomplete; the map is whole.'],
  ['2', 'Wrong usage.'],
  ['75', 'Another run holds the lock.'],
];

const FILES: readonly Definition[] = [
  [
    '/tmp/claude_sessions/session_map.json',
    "The bridge's map, unless --session-dir says otherwise.",
  ],
  ['session_map.removed.jsonl', 'Beside the map: what was removed, for restore.'],
];

function optionsIn(command: Command): Definition[] {
  const help = command.createHelp();
  return help
    .visibleOptions(command)
    .map((option) => [option.flags, sentence(help.optionDescription(option))]);
}

function variables(): Definition[] {
  return optionsOf('clean').flatMap((option): Definition[] => {
    const { variable, variableNote, noVariable } = option;
    const long = longOf(option);
    const note = variableNote === undefined ? '' : ` (${variableNote})`;
    return [
      ...(variable ? [[variable, `As --${long}, which overrules it${note}.`] as const] : []),
      ...(noVariable ? [[noVariable, `As --no-${long}, which overrules it.`] as const] : []),
    ];
  });
}

function definitions(all: readonly Definition[]): string[] {
  return all.map(([term, meaning]) => `.TP\n.B ${text(term)}\n${text(meaning)}`);
}

function sentence(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}${words.endsWith('.') ? '' : '.'}`;
}

/** Text as roff takes it literally. */
function text(words: string): string {
  return words.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&');
}
