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

/** What the program's commands and options are in the places of a shell's script. */
export function completionParts(root: Command, shell: Shell): Record<string, string> {
  const help = root.createHelp();
  const commands = help.visibleCommands(root);
  const levels = [root, ...commands].map((command): Level => {
    const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
    const named = commands.map((each) => [each.name(), each.description()] as const);
    return {
      name: command === root ? '' : command.name(),
      options: help.visibleOptions(command),
      words: command === root ? named : choices.map((word) => [word, ''] as const),
    };
  });
  return { bash, zsh, fish }[shell](levels);
}

function bash(levels: readonly Level[]): Record<string, string> {
  const onDisk = 'compopt -o filenames 2>/dev/null; reply=';
  const values = { dir: `${onDisk}(-d)`, file: `${onDisk}(-f)`, other: 'return' };
  const taking = levels.flatMap(({ options }) => options.filter(({ required }) => required));
  const ofValues = taking.map((option) => {
    const reply = replyTo(option, values, (words) => `reply=(-W '${words}')`);
    return `    ${namesOf(option).join('|')}) ${reply} ;;`;
  });
  const ofWords = levels.map(({ name, options, words }) => {
    const all = [...words.map(([word]) => word), ...options.flatMap(namesOf)];
    return `        '${name}') reply=(-W '${all.join(' ')}') ;;`;
  });
  return {
    TAKING: taking.flatMap(namesOf).join('|'),
    COMMANDS: levels.flatMap(({ name }) => name || []).join('|'),
    VALUES: [...new Set(ofValues)].join('\n'),
    WORDS: ofWords.join('\n'),
  };
}

function zsh(levels: readonly Level[]): Record<string, string> {
  const values = { dir: 'directory:_files -/', file: 'file:_files', other: 'value: ' };
  const specsOf = ({ options, words }: Level): string => {
    const specs = options.flatMap((option) => {
      const label = option.description.replaceAll(/[[\]\\:]/g, '\\$&').replaceAll("'", "'\\''");
      const value = replyTo(option, values, (choices) => `value:(${choices})`);
      const names = namesOf(option);
      return names.map((name) => {
        const equals = option.required && name.startsWith('--') ? '=' : '';
        const action = option.required ? `:${value}` : '';
        return `'(${names.join(' ')})${name}${equals}[${label}]${action}'`;
      });
    });
    const choices = words.map(([word]) => word).join(' ');
    return [...specs, ...(choices === '' ? [] : [`'1: :(${choices})'`])].join(' ');
  };
  const [root = '', ...commands] = levels.map(specsOf);
  const names = levels.slice(1).map(({ name }) => name);
  const arms = commands.map((specs, at) => `    ${names[at]}) _arguments -s ${specs} ;;`);
  return { OPTIONS: root, COMMANDS: arms.join('\n') };
}

function fish(levels: readonly Level[]): Record<string, string> {
  const values = { dir: "-x -a '(__fish_complete_directories)'", file: '-r -F', other: '-x' };
  const lines = levels.flatMap(({ name: level, options, words }) => {
    const line = (what: string, meaning: string): string =>
      `complete -c claude-session-cleanup -n "__claude_session_cleanup_is_at '${level}'" ${what} -d '${meaning.replaceAll(/[\\']/g, '\\$&')}'`;
    return [
      ...words.map(([word, meaning]) => line(`-a ${word}`, meaning)),
      ...options.map((option) => {
        const spelled = namesOf(option).map((name) =>
          name.replace(/^--/, '-l ').replace(/^-(?=\w$)/, '-s '),
        );
        const value = replyTo(option, values, (choices) => `-x -a '${choices}'`);
        return line(
          [...spelled, ...(option.required ? [value] : [])].join(' '),
          option.description,
        );
      }),
    ];
  });
  const specs = (levels[0]?.options ?? []).map((option) => {
    const names = namesOf(option).map((name) => name.replace(/^-+/, ''));
    return `${names.join('/')}${option.required ? '=+' : ''}`;
  });
  return { OPTIONS: specs.join(' '), LINES: lines.join('\n') };
}

/** `-d`, `--session-dir`. */
function namesOf({ short, long }: Option): string[] {
  return [short, long].filter((name) => name !== undefined);
}

/** What a shell completes an option's value with: directories, files, words to choose from, or nothing. */
function replyTo(
  { flags, argChoices }: Option,
  values: Readonly<Record<'dir' | 'file' | 'other', string>>,
  oneOf: (choices: string) => string,
): string {
  if (argChoices !== undefined) return oneOf(argChoices.join(' '));
  if (flags.endsWith('<dir>')) return values.dir;
  return flags.endsWith('<file>') ? values.file : values.other;
}
