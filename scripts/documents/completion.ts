import type { Command } from 'commander';

/** A shell whose completion is known. */
export type Shell = 'bash' | 'zsh' | 'fish';

/** An option: `-d`, `--session-dir`. Its value is `dir`, `file`, words to choose from, '' or none. */
interface Taken {
  readonly names: readonly string[];
  readonly value: string | undefined;
  readonly meaning: string;
}

/** What a shell completes a value with, by the value. */
type Values = Readonly<Record<string, string>>;

/** A command as a shell sees it; the program itself has no name. */
interface Level {
  readonly name: string;
  readonly options: readonly Taken[];
  /** What may stand in its place, besides options, and what that means. */
  readonly words: readonly (readonly [word: string, meaning: string])[];
}

/** The script that teaches a shell the program's commands and options. */
export function completionOf(root: Command, shell: Shell): string {
  const help = root.createHelp();
  const commands = help.visibleCommands(root);
  const levels = [root, ...commands].map((command): Level => {
    const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
    return {
      name: command === root ? '' : command.name(),
      options: help.visibleOptions(command).map((option) => ({
        names: [option.short, option.long].filter((name) => name !== undefined),
        value: option.required
          ? (option.argChoices?.join(' ') ?? /<(dir|file)>$/.exec(option.flags)?.[1] ?? '')
          : undefined,
        meaning: option.description,
      })),
      words:
        command === root
          ? commands.map((each) => [each.name(), each.description()])
          : choices.map((word) => [word, '']),
    };
  });
  return { bash, zsh, fish }[shell](root.name(), levels);
}

function bash(program: string, levels: readonly Level[]): string {
  const onDisk = 'compopt -o filenames 2>/dev/null; reply=';
  const replies: Values = { dir: `${onDisk}(-d)`, file: `${onDisk}(-f)`, '': 'return' };
  const arm = (names: string, reply: string): string => `      ${names}) ${reply} ;;\n`;
  const taking = levels.flatMap(({ options }) =>
    options.filter(({ value }) => value !== undefined),
  );
  const ofValues = taking.map(({ names, value = '' }) =>
    arm(names.join('|'), replies[value] ?? `reply=(-W '${value}')`),
  );
  const ofCommands = levels.map(({ name, options, words }) => {
    const all = [...words.map(([word]) => word), ...options.flatMap(({ names }) => names)];
    return arm(`'${name}'`, `reply=(-W '${all.join(' ')}')`);
  });
  const name = `_${program.replaceAll('-', '_')}`;
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
      ${taking.flatMap(({ names }) => names).join('|')})
        (( at += 1 )); [[ \${COMP_WORDS[at]} != = ]] || (( at += 1 )) ;;
      ${levels.flatMap((level) => level.name || []).join('|')}) command=\${COMP_WORDS[at]}; break ;;
    esac
  done
  case $before in
${[...new Set(ofValues)].join('')}      *) case $command in
${ofCommands.join('')}      esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen "\${reply[@]}" -- "$current")
}
complete -F ${name} ${program}
`;
}

function zsh(program: string, levels: readonly Level[]): string {
  const actions: Values = { dir: 'directory:_files -/', file: 'file:_files', '': 'value: ' };
  const specs = ({ options, words }: Level): string => {
    const ofOptions = options.flatMap(({ names, value, meaning }) => {
      const label = meaning.replaceAll(/[[\]\\:]/g, '\\$&').replaceAll("'", "'\\''");
      const action = value === undefined ? '' : `:${actions[value] ?? `value:(${value})`}`;
      return names.map((name) => {
        const equals = action !== '' && name.startsWith('--') ? '=' : '';
        return `'(${names.join(' ')})${name}${equals}[${label}]${action}'`;
      });
    });
    const choices = words.map(([word]) => word).join(' ');
    return [...ofOptions, ...(choices === '' ? [] : [`'1: :(${choices})'`])].join(' ');
  };
  const [root = '', ...commands] = levels.map((level) =>
    level.name === '' ? specs(level) : `    ${level.name}) _arguments -s ${specs(level)} ;;\n`,
  );
  // The usual name of a file on fpath, which zsh runs under that name when it is first needed.
  const name = `_${program}`;
  return `#compdef ${program}
${name}() {
  local state
  _arguments -C -s -A '-*' ${root} '*:: :->command'
  [[ $state == command ]] || return
  case $words[1] in
${commands.join('')}  esac
}
if [[ $funcstack[1] == ${name} ]]; then ${name} "$@"; else compdef ${name} ${program}; fi
`;
}

function fish(program: string, levels: readonly Level[]): string {
  const isAt = `__${program.replaceAll('-', '_')}_is_at`;
  const values: Values = { dir: "-x -a '(__fish_complete_directories)'", file: '-r -F', '': '-x' };
  const lines = levels.flatMap(({ name: level, options, words }) => {
    const line = (what: string, meaning: string): string =>
      `complete -c ${program} -n "${isAt} '${level}'" ${what} -d '${meaning.replaceAll(/[\\']/g, '\\$&')}'\n`;
    return [
      ...words.map(([word, meaning]) => line(`-a ${word}`, meaning)),
      ...options.map(({ names, value, meaning }) => {
        const spelled = names.map((name) => name.replace(/^--/, '-l ').replace(/^-(?=\w$)/, '-s '));
        const what = value === undefined ? [] : [values[value] ?? `-x -a '${value}'`];
        return line([...spelled, ...what].join(' '), meaning);
      }),
    ];
  });
  const specs = (levels[0]?.options ?? []).map(({ names, value }) => {
    const name = names.map((each) => each.replace(/^-+/, '')).join('/');
    return value === undefined ? name : `${name}=+`;
  });
  // What stands behind an option is its value, and no command. The value may still be missing.
  return `# fish completion of ${program}
function ${isAt} -a wanted
    set -l words (commandline -opc)[2..-1]
    argparse -s ${specs.join(' ')} -- $words 2>/dev/null
    or set argv
    test "$argv[1]" = "$wanted"
end
complete -c ${program} -f
${lines.join('')}`;
}
