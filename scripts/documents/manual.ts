import type { Command } from 'commander';
import { VERSION } from '../../src/name.js';
import { longOf, optionsOf } from '../../src/options/table.js';

/**
 * The manual page, in man(7)'s language.
 *
 * @param template the page, with a @WORD@ in the place of what the program's commands and options say
 */
export function manualPage(template: string, root: Command): string {
  const commands = root.createHelp().visibleCommands(root);
  const parts: Readonly<Record<string, string[]>> = {
    VERSION: [VERSION],
    SYNOPSIS: commands.map((each) => `.br\n.B ${root.name()} ${each.name()}\n${each.usage()}`),
    OPTIONS: options(root),
    COMMANDS: commands.flatMap((each) => [
      `.SS ${each.name()} ${each.usage()}\n${sentence(each.description())}`,
      ...(each.name() === 'clean' ? [] : options(each)),
    ]),
    VARIABLES: variables(),
  };
  const page = template.replaceAll(/@(\w+)@/g, (_, part) => parts[part]?.join('\n') ?? '');
  // Left alone, roff makes a hyphen of it, which nobody can paste into a shell.
  return page.replaceAll(/(?<!^\.TH .*)-/gm, '\\-');
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
