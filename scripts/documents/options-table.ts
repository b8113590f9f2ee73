import { defaultOf, longOf, type Option, optionsOf, TAKERS } from '../../src/options/table.js';

/** The README's table of options, in Markdown. */
export function optionsTable(): string {
  const all = new Map(TAKERS.flatMap(optionsOf).map((option) => [option.flags, option]));
  const rows = [...all.values()].map(row);
  return `| option | environment | default | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}

function row(option: Option): string {
  const { flags, of, variable, variableNote, noVariable, help, no, choices } = option;
  const meaning = [
    `${of.includes('clean') ? '' : `\`${of.join('`, `')}\`: `}${help}`,
    ...(no === undefined ? [] : [`\`--no-${longOf(option)}\`: ${no}`]),
  ];
  const note = variableNote === undefined ? '' : ` (${variableNote})`;
  const environment = [
    ...(variable === undefined ? [] : [`\`${variable}\`${note}`]),
    ...(noVariable === undefined ? [] : [`\`${noVariable}\``]),
  ];
  const shown = choices === undefined ? flags : flags.replace(/<.*>/, `<${choices.join('|')}>`);
  const cells = [`\`${shown}\``, environment.join(', '), defaultOf(option), meaning.join('; ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}
