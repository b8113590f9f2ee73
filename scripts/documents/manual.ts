import type { Command } from 'commander';
import { VERSION } from '../../src/name.js';
import { longOf, optionsOf } from '../../src/options/table.js';

/** What the program's commands and options are in the places of the manual page. */
export function manualParts(root: Command): Record<string, string> {
  const commands = root.createHelp().visibleCommands(root);
  const named = commands.map((each) => `.br\n.B ${root.name()} ${each.name()}\n${each.usage()}`);
  const described = commands.flatMap((each) => [
    `.SS ${each.name()} ${each.usage()}\n${sentence(each.description())}`,
    ...(each.name() === 'clean' ? [] : options(each)),
  ]);
  return {
    VERSION,
    SYNOPSIS: named.join('\n'),
    OPTIONS: options(root).join('\n'),
    COMMANDS: described.join('\n'),
    VARIABLES: variables().join('\n'),
  };
}

function options(command: Command): string[] {
  const help = command.createHelp();
  return help
    .visibleOptions(command)
    .map((option) => definition(option.flags, sentence(help.optionDescription(option))));
}

function variables(): string[] {
  return optionsOf('clean').flatMap((option) => {
    const { variable, variableNote, noVariable } = option;
    const long = longOf(option);
    const note = variableNote === undefined ? '' : ` (${variableNote})`;
    return [
      ...(variable ? [definition(variable, `As --${long}, which overrules it${note}.`)] : []),
      ...(noVariable ? [definition(noVariable, `As --no-${long}, which overrules it.`)] : []),
    ];
  });
}

function definition(term: string, meaning: string): string {
  return `.TP\n.B ${term}\n${meaning}`;
}

function sentence(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}${words.endsWith('.') ? '' : '.'}`;
}
