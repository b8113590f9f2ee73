import { type Command, Option as CommandOption } from 'commander';
import { defaultOf, longOf, type Option, optionsOf, type Taker } from './table.js';

/** What a command line says, by the options' names: the words of each, in their order. */
export type Flags = Readonly<Record<string, readonly string[]>>;

/** Has a command take its options. What their values mean is read later, with the environment's. */
export function addOptions(command: Command, taker: Taker): Command {
  const collect = (word: string, earlier: readonly string[] = []): string[] => [...earlier, word];
  for (const option of optionsOf(taker)) {
    const { flags, choices = [], conflicts = [], no, noVariable } = option;
    const declared = new CommandOption(flags, inWords(option)).conflicts([...conflicts]);
    if (choices.length > 0) declared.choices(choices);
    // One without a value is no word to collect.
    if (declared.required) declared.argParser(collect);
    command.addOption(declared);
    if (no === undefined) continue;
    const note = noVariable === undefined ? '' : ` (env ${noVariable})`;
    command.option(`--no-${longOf(option)}`, plain(`${no}${note}`));
  }
  return command;
}

/** What a command was told before its name and by itself, the nearer word last. */
export function flagsOf(command: Command): Flags {
  const flags: Record<string, readonly string[]> = command.parent
    ? { ...flagsOf(command.parent) }
    : {};
  for (const [name, value] of Object.entries(command.opts<Record<string, boolean | string[]>>())) {
    flags[name] = [...(flags[name] ?? []), ...(Array.isArray(value) ? value : [String(value)])];
  }
  return flags;
}

function inWords(option: Option): string {
  const { help, variable, variableNote } = option;
  const note = variableNote === undefined ? '' : `: ${variableNote}`;
  const unsaid = defaultOf(option);
  const notes = [
    ...(variable === undefined ? [] : [`env ${variable}${note}`]),
    ...(['off', 'none'].includes(unsaid) ? [] : [`default ${unsaid}`]),
  ];
  return plain(notes.length === 0 ? help : `${help} (${notes.join(', ')})`);
}

/** Markdown as a terminal shows it. */
function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}
