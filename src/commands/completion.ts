import type { Command, Option } from 'commander';

/** A shell whose completion is known. */
export type Shell = 'bash' | 'zsh' | 'fish';

/** A command as a shell sees it; the program itself has no name. */
interface Level {
  readonly name: string;
  readonly options: readonly Option[];
  /** What may stand in its place, besides options, and what that means. */
  readonly words: readonly (readonly [word: string, meaning: string])[];
}

/** The script that teaches a shell the program's commands and options. */
export function completion(root: Command, shell: Shell): string {
  const commands = root.createHelp().visibleCommands(root);
  const levels = [root, ...commands].map((command): Level => {
    const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
    return {
      name: command === root ? '' : command.name(),
      options: command.createHelp().visibleOptions(command),
      words:
        command === root
          ? commands.map((each) => [each.name(), each.description()])
          : choices.map((word) => [word, '']),
    };
  });
  return { bash, zsh, fish }[shell](root.name(), levels);
}

/** What an option's value is completed with: words, or what lies on the disk. */
function valueKind({ required, argChoices, flags }: Option): string | undefined {
  if (!required) return undefined;
  return argChoices?.join(' ') ?? /<(dir|file)>$/.exec(flags)?.[1] ?? '';
}

function namesOf({ short, long }: Option): string[] {
  return [short, long].filter((name) => name !== undefined);
}

/** The options whose next word is their value, by what it is completed with. */
function takingValues(levels: readonly Level[]): [value: string, names: string][] {
  const options = levels.flatMap((level) => level.options);
  return [...new Set(options.map(valueKind))].flatMap((value) => {
    const names = options.filter((option) => valueKind(option) === value).flatMap(namesOf);
    return value === undefined ? [] : [[value, [...new Set(names)].join('|')]];
  });
}

/** The patterns of options that take a value and of commands, as the arms of a shell's `case`. */
function arms(levels: readonly Level[], separator: string): { taking: string; commands: string } {
  const taking = takingValues(levels).map(([, names]) => names.replaceAll('|', separator));
  return {
    taking: taking.join(separator),
    commands: levels.flatMap(({ name }) => name || []).join(separator),
  };
}

function bash(program: string, levels: readonly Level[]): string {
  const name = `_${program.replaceAll('-', '_')}`;
  const { taking, commands } = arms(levels, '|');
  const onDisk = { dir: '-d', file: '-f' } as const;
  const reply = (value: string): string => {
    if (value === '') return 'return';
    const isOnDisk = value === 'dir' || value === 'file';
    const what = isOnDisk ? onDisk[value] : `-W '${value}'`;
    return `${isOnDisk ? 'compopt -o filenames 2>/dev/null; ' : ''}reply=(${what})`;
  };
  // To bash, --option=value is three words.
  return `# bash completion of ${program}
${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command='' at
  local -a reply=()
  COMPREPLY=()
  if [[ $current == = ]]; then current=''
  elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for (( at = 1; at < COMP_CWORD; at++ )); do
    case \${COMP_WORDS[at]} in
      ${taking}) (( at += 1 )); [[ \${COMP_WORDS[at]} != = ]] || (( at += 1 )) ;;
      ${commands}) command=\${COMP_WORDS[at]}; break ;;
    esac
  done
  case $before in
${takingValues(levels)
  .map(([value, names]) => `    ${names}) ${reply(value)} ;;\n`)
  .join('')}\
    *) case $command in
${levels.map(({ name: at, options, words }) => `      '${at}') reply=(-W '${[...words.map(([word]) => word), ...options.flatMap(namesOf)].join(' ')}') ;;\n`).join('')}\
    esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen "\${reply[@]}" -- "$current")
}
complete -F ${name} ${program}
`;
}

function zsh(program: string, levels: readonly Level[]): string {
  // The usual name of a file on fpath, which zsh runs under that name when it is first needed.
  const name = `_${program}`;
  const actions: Readonly<Record<string, string>> = {
    dir: 'directory:_files -/',
    file: 'file:_files',
    '': 'value: ',
  };
  const spec = (option: Option): string => {
    const value = valueKind(option);
    const meaning = option.description.replaceAll(/[[\]\\:]/g, '\\$&').replaceAll("'", "'\\''");
    const action = value === undefined ? '' : `:${actions[value] ?? `value:(${value})`}`;
    const names = namesOf(option);
    const spelled = names.map(
      (each) => `${each}${value !== undefined && each.startsWith('--') ? '=' : ''}`,
    );
    return spelled.map((each) => `'(${names.join(' ')})${each}[${meaning}]${action}'`).join(' ');
  };
  const specs = ({ options, words }: Level): string => {
    const choices = words.map(([word]) => word).join(' ');
    return [...options.map(spec), ...(choices === '' ? [] : [`'1: :(${choices})'`])].join(' ');
  };
  const [root, ...commands] = levels;
  return `#compdef ${program}
${name}() {
  local state
  _arguments -C -s -A '-*' ${root === undefined ? '' : specs(root)} '*:: :->command'
  [[ $state == command ]] || return
  case $words[1] in
${commands.map((level) => `    ${level.name}) _arguments -s ${specs(level)} ;;\n`).join('')}\
  esac
}
if [[ $funcstack[1] == ${name} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi
`;
}

function fish(program: string, levels: readonly Level[]): string {
  const isAt = `__${program.replaceAll('-', '_')}_is_at`;
  const { taking, commands } = arms(levels, ' ');
  const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
  const values: Readonly<Record<string, string>> = {
    dir: " -x -a '(__fish_complete_directories)'",
    file: ' -r -F',
    '': ' -x',
  };
  const lines = levels.flatMap(({ name, options, words }) => {
    const line = (rest: string, meaning: string): string =>
      `complete -c ${program} -n "${isAt} '${name}'"${rest} -d ${quoted(meaning)}\n`;
    return [
      ...words.map(([word, meaning]) => line(` -a ${word}`, meaning)),
      ...options.map((option) => {
        const names = namesOf(option).map((each) =>
          each.startsWith('--') ? ` -l ${each.slice(2)}` : ` -s ${each.slice(1)}`,
        );
        const value = valueKind(option);
        const values_ = value === undefined ? '' : (values[value] ?? ` -x -a '${value}'`);
        return line(`${names.join('')}${values_}`, option.description);
      }),
    ];
  });
  return `# fish completion of ${program}
function ${isAt} -a wanted
    set -l command ''
    set -l is_value 0
    for word in (commandline -opc)[2..-1]
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $word
            case ${taking}
                set is_value 1
            case ${commands}
                set command $word
                break
        end
    end
    test "$command" = "$wanted"
end
complete -c ${program} -f
${lines.join('')}`;
}
