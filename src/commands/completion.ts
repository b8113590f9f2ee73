// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shells have such variables, too
import type { Command, Option } from 'commander';

/** A shell whose completion is known. */
export type Shell = 'bash' | 'zsh' | 'fish';

/** A command as a shell sees it. */
interface Level {
  /** The subcommand's name; empty for the program itself. */
  readonly name: string;
  readonly options: readonly Option[];
  /** What may stand in its place, besides options. */
  readonly words: readonly { readonly word: string; readonly description: string }[];
}

/** The script that teaches a shell the program's commands and options. */
export function completion(root: Command, shell: Shell): string {
  const levels = [root, ...root.commands.filter((command) => command.name() !== HIDDEN)].map(
    (command) => levelOf(command, root),
  );
  return SCRIPTS[shell](root.name(), levels);
}

const HIDDEN = 'man';

function levelOf(command: Command, root: Command): Level {
  const help = command.createHelp();
  const words =
    command === root
      ? command.commands
          .filter((sub) => sub.name() !== HIDDEN)
          .map((sub) => ({ word: sub.name(), description: sub.description() }))
      : command.registeredArguments.flatMap(({ argChoices }) =>
          (argChoices ?? []).map((word) => ({ word, description: '' })),
        );
  return {
    name: command === root ? '' : command.name(),
    options: help.visibleOptions(command),
    words,
  };
}

/** What a value of this option can be completed with. */
type Value = readonly string[] | 'directories' | 'files' | 'unknown';

function valueFor(option: Option): Value | undefined {
  if (!option.required) return undefined;
  if (option.argChoices) return option.argChoices;
  if (option.flags.endsWith('<dir>')) return 'directories';
  return option.flags.endsWith('<file>') ? 'files' : 'unknown';
}

function namesOf({ short, long }: Option): string[] {
  return [short, long].filter((name) => name !== undefined);
}

const SCRIPTS: Readonly<Record<Shell, (program: string, levels: readonly Level[]) => string>> = {
  bash(program, levels) {
    const name = `_${program.replaceAll('-', '_')}`;
    const words = (level: Level): string =>
      [...level.words.map(({ word }) => word), ...level.options.flatMap(namesOf)].join(' ');
    return lines(
      `# bash completion of ${program}`,
      `${name}() {`,
      '  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command="" at',
      '  local -a words',
      // To bash, --option=value is three words.
      '  if [[ $current == = ]]; then current=""',
      '  elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi',
      '  for (( at = 1; at < COMP_CWORD; at++ )); do',
      '    case ${COMP_WORDS[at]} in',
      `      ${takingValues(levels).join(' | ')})`,
      '        (( at += 1 )); [[ ${COMP_WORDS[at]} != = ]] || (( at += 1 )) ;;',
      `      ${subcommandsOf(levels).join(' | ')}) command=\${COMP_WORDS[at]}; break ;;`,
      '    esac',
      '  done',
      '  COMPREPLY=()',
      '  case $before in',
      ...valueGroups(levels).map(([names, value]) => {
        const generated = bashReply(value);
        return `    ${names.join(' | ')}) ${generated === '' ? '' : `${generated}; `}return ;;`;
      }),
      '  esac',
      '  case $command in',
      ...levels.map((level) => `    ${level.name || "''"}) words=(${words(level)}) ;;`),
      '  esac',
      '  mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$current")',
      '}',
      `complete -F ${name} ${program}`,
    );
  },

  zsh(program, levels) {
    // The usual name of a file on fpath, which zsh runs under that name when it is first needed.
    const name = `_${program}`;
    const specs = ({ options, words }: Level): string[] => [
      ...options.map((option) => {
        const names = namesOf(option);
        const label = option.description.replaceAll(/[[\]\\:]/g, '\\$&');
        const value = valueFor(option);
        const heads = names.map(
          (spelling) =>
            `'(${names.join(' ')})'${spelling}${value && spelling.startsWith('--') ? '=' : ''}${zshWord(`[${label}]${zshValue(value)}`)}`,
        );
        return heads.join(' ');
      }),
      ...(words.length === 0 ? [] : [zshWord(`1: :(${words.map(({ word }) => word).join(' ')})`)]),
    ];
    return lines(
      `#compdef ${program}`,
      `${name}() {`,
      '  local command= at',
      '  for (( at = 2; at < CURRENT; at++ )); do',
      '    case $words[at] in',
      `      ${takingValues(levels).join(' | ')}) (( at += 1 )) ;;`,
      `      ${subcommandsOf(levels).join(' | ')}) command=$words[at]; break ;;`,
      '    esac',
      '  done',
      '  if [[ -n $command ]]; then',
      '    shift "$(( at - 1 ))" words',
      '    (( CURRENT -= at - 1 ))',
      '  fi',
      '  case $command in',
      ...levels.map(
        (level) => `    ${level.name || "''"}) _arguments -s ${specs(level).join(' ')} ;;`,
      ),
      '  esac',
      '}',
      `if [[ $funcstack[1] == ${name} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi`,
    );
  },

  fish(program, levels) {
    const complete = `complete -c ${program}`;
    const isAt = `__${program.replaceAll('-', '_')}_is_at`;
    return lines(
      `# fish completion of ${program}`,
      `function ${isAt} -a wanted`,
      "    set -l command ''",
      '    set -l is_value 0',
      '    for word in (commandline -opc)[2..-1]',
      '        if test $is_value = 1',
      '            set is_value 0',
      '            continue',
      '        end',
      '        switch $word',
      `            case ${takingValues(levels).join(' ')}`,
      '                set is_value 1',
      `            case ${subcommandsOf(levels).join(' ')}`,
      '                set command $word',
      '                break',
      '        end',
      '    end',
      '    test "$command" = "$wanted"',
      'end',
      `${complete} -f`,
      ...levels.flatMap(({ name, options, words }) => {
        const when = `-n "${isAt} '${name}'"`;
        return [
          ...words.map(
            ({ word, description }) => `${complete} ${when} -a ${word} -d ${fishWord(description)}`,
          ),
          ...options.map((option) => {
            const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
            const long = ` -l ${(option.long ?? '').slice(2)}`;
            return `${complete} ${when}${short}${long}${fishValue(valueFor(option))} -d ${fishWord(option.description)}`;
          }),
        ];
      }),
    );
  },
};

function subcommandsOf(levels: readonly Level[]): string[] {
  return levels.flatMap(({ name }) => name || []);
}

/** The options whose next word is their value, and no subcommand. */
function takingValues(levels: readonly Level[]): string[] {
  return valueGroups(levels).flatMap(([names]) => names);
}

/** The options that take values, by what these are. */
function valueGroups(levels: readonly Level[]): [string[], Value][] {
  const groups = new Map<string, [Set<string>, Value]>();
  for (const option of levels.flatMap((level) => level.options)) {
    const value = valueFor(option);
    if (value === undefined) continue;
    const [names] = groups.get(String(value)) ?? [new Set<string>()];
    for (const name of namesOf(option)) names.add(name);
    groups.set(String(value), [names, value]);
  }
  return [...groups.values()].map(([names, value]) => [[...names], value]);
}

function bashReply(value: Value): string {
  const reply = (what: string): string => `mapfile -t COMPREPLY < <(compgen ${what} -- "$current")`;
  if (value === 'unknown') return '';
  if (value === 'directories') return `compopt -o filenames 2>/dev/null; ${reply('-d')}`;
  if (value === 'files') return `compopt -o filenames 2>/dev/null; ${reply('-f')}`;
  return reply(`-W '${value.join(' ')}'`);
}

function zshValue(value: Value | undefined): string {
  if (value === undefined) return '';
  if (value === 'directories') return ':directory:_files -/';
  if (value === 'files') return ':file:_files';
  return value === 'unknown' ? ':value: ' : `:value:(${value.join(' ')})`;
}

function fishValue(value: Value | undefined): string {
  if (value === undefined) return '';
  if (value === 'directories') return " -x -a '(__fish_complete_directories)'";
  if (value === 'files') return ' -r -F';
  return value === 'unknown' ? ' -x' : ` -x -a '${value.join(' ')}'`;
}

function zshWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishWord(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
