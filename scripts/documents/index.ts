import { Problems } from '../../src/output/problems.js';
import { program, takeOptions } from '../../src/program.js';
import { completionParts, type Shell } from './completion.js';
import { manualParts } from './manual.js';

export { optionsTable } from './options-table.js';

const root = program({ status: 0, problems: new Problems(), help: '' });
root.commands.forEach(takeOptions);

/** The script that teaches a shell the program's commands and options. */
export function completion(template: string, shell: Shell): string {
  return filled(template, completionParts(root, shell));
}

/** The manual page, in man(7)'s language. */
export function manual(template: string): string {
  // Left alone, roff makes a hyphen of it, which nobody can paste into a shell.
  return filled(template, manualParts(root)).replaceAll(/(?<!^\.TH .*)-/gm, '\\-');
}

/** A template with its parts in the places that it has for them, such as @OPTIONS@. */
function filled(template: string, parts: Readonly<Record<string, string>>): string {
  return template.replaceAll(/@([A-Z]+)@/g, (place, name: string) => parts[name] ?? place);
}
