import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Home } from '../support/home.js';
import { installedProgram } from '../support/program.js';
import { describeWith } from '../support/requirements.js';

const NAME = 'claude-session-cleanup';

/** Asks a shell what it would complete a line with. */
async function completions(
  shell: 'bash' | 'zsh' | 'fish',
  line: string,
  ask: (script: string, line: string) => string,
): Promise<string[]> {
  const home = new Home();
  const { stdout, status } = await home.run(['completion', shell]);
  expect(status).toBe(0);
  const script = home.file(`_${NAME}`, 0, stdout);
  mkdirSync(join(home.sessionDir, 'some-directory'));
  home.file('bridge/some-file', 0);
  const asked = spawnSync(shell, ['-c', ask(script, `${NAME} ${line}`)], {
    cwd: home.sessionDir,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home.dir, TERM: 'dumb' },
  });
  expect(asked.stderr).toBe('');
  return asked.stdout
    .split(/\r?\n/)
    .map((word) => word.trim().split(/\t/)[0]?.replace(/\/$/, '') ?? '')
    .filter((word) => word !== '');
}

// To bash, --option=value is three words.
const inBash = (script: string, line: string): string => `
  source ${script}
  COMP_WORDS=(${line
    .split(/ |(?==)|(?<==)/)
    .map((word) => `'${word}'`)
    .join(' ')})
  COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
  _claude_session_cleanup
  printf '%s\\n' "\${COMPREPLY[@]}"`;

const inFish = (script: string, line: string): string => `source ${script}; complete -C '${line}'`;

// zsh completes in its line editor alone, which needs a terminal. It shows what is typed: the words that
// are waited for must not stand in it. Nothing more is typed until the list is there: what lies waiting
// keeps zsh from showing it.
const inZsh = (script: string, line: string): string =>
  afterZsh(`autoload -Uz compinit; compinit -u -D; source ${script}`, line);

const onFpath = (script: string, line: string): string =>
  afterZsh(`fpath=(${dirname(script)} $fpath); autoload -Uz compinit; compinit -u -D`, line);

const afterZsh = (setup: string, line: string): string => `
  zmodload zsh/zpty
  zpty shell zsh -f -i
  zpty -w shell 'PS1= ; ${setup}'
  zpty -w shell "choices() { zle list-choices; zle -R; print e''nd }; zle -N choices"
  zpty -w shell "bindkey '^I' choices; print re''ady"
  zpty -r shell answer '*ready*'
  zpty -w -n shell $'${line}\\t'
  zpty -r shell answer '*end*'
  print -r -- "$answer"`;

const SHELLS = [
  { shell: 'bash', ask: inBash },
  { shell: 'fish', ask: inFish },
] as const;

describe.each(SHELLS)('completion in $shell', ({ shell, ask }) => {
  describeWith({ commands: [shell] })('knows', () => {
    it.each([
      { line: 're', expected: ['restore'] },
      { line: 'completion z', expected: ['zsh'] },
      { line: 'list --so', expected: ['--sort'] },
      { line: 'list --sort p', expected: ['provider'] },
      { line: '--missing ', expected: ['keep', 'remove'] },
      { line: 'restore --al', expected: ['--all'] },
      { line: 'doctor --missi', expected: [] },
      { line: '-d list --missi', expected: ['--missing'] },
      { line: '-d list list --so', expected: ['--sort'] },
      { line: '--session-dir=list --missi', expected: ['--missing'] },
      { line: '--claude-dir some-d', expected: ['some-directory'] },
      { line: '-d so', expected: ['some-directory'] },
      { line: '--metrics so', expected: ['some-directory', 'some-file'] },
    ])('$line', async ({ line, expected }) => {
      expect(await completions(shell, line, ask)).toEqual(expected);
    });
  });
});

describe('completion of --option=value', () => {
  const CASES = [
    { line: '--missing=k', option: '--missing=', values: ['keep'] },
    { line: '--missing=', option: '--missing=', values: ['keep', 'remove'] },
    { line: '-d list list --sort=p', option: '--sort=', values: ['provider'] },
    { line: '--session-dir=so', option: '--session-dir=', values: ['some-directory'] },
    { line: '--metrics=some-f', option: '--metrics=', values: ['some-file'] },
  ];

  describeWith({ commands: ['bash'] })('in bash', () => {
    it.each(CASES)('knows $line', async ({ line, values }) => {
      expect(await completions('bash', line, inBash)).toEqual(values);
    });
  });

  describeWith({ commands: ['fish'] })('in fish', () => {
    it.each(CASES)('knows $line', async ({ line, option, values }) => {
      const expected = values.map((value) => `${option}${value}`);
      expect(await completions('fish', line, inFish)).toEqual(expected);
    });
  });
});

describeWith({ commands: ['zsh'] })('completion in zsh', () => {
  it('works on the first Tab from a file on fpath', async () => {
    expect((await completions('zsh', 'list --so', onFpath)).join('\n')).toMatch(/--sort/);
  });

  it.each([
    { line: '--missing=', expected: /keep +remove/ },
    { line: '-d list --missi', expected: /--missing/ },
    { line: '-d list list --so', expected: /--sort/ },
    { line: '-d so', expected: /some-directory/ },
    { line: '--metrics=so', expected: /some-file/ },
    { line: 're', expected: /restore/ },
    { line: 'list --so', expected: /--sort/ },
    { line: '--missing ', expected: /keep +remove/ },
  ])('knows $line', async ({ line, expected }) => {
    expect((await completions('zsh', line, inZsh)).join('\n')).toMatch(expected);
  });
});

describe('completion', () => {
  it('is refused for a shell that it does not know', async () => {
    const { status, stderr } = await new Home().run(['completion', 'tcsh']);
    expect(status).toBe(2);
    expect(stderr).toContain('bash, zsh, fish');
  });
});

describe('the manual page', () => {
  const page = join(dirname(installedProgram()), '../dist', `${NAME}.1`);

  it('has every option that the help has', async () => {
    const text = readFileSync(page, 'utf8').replaceAll('\\-', '-');
    for (const command of [[], ['list'], ['restore'], ['doctor']]) {
      const { stdout } = await new Home().run([...command, '--help']);
      const options = stdout.match(/^ +(?:-\w, )?--[\w-]+/gm) ?? [];
      expect(options.length).toBeGreaterThan(5);
      for (const option of options) expect(text).toContain(option.trim());
    }
  });

  it('has the choices of options, the environment and what --on-change is given', () => {
    const text = readFileSync(page, 'utf8').replaceAll('\\-', '-');
    expect(text).toContain('(choices: "idle", "provider", "chat"');
    expect(text).toContain('(choices: "keep", "remove"');
    const environment = /^\.SH ENVIRONMENT\n(.*?)^\.SH /ms.exec(text)?.[1] ?? '';
    expect(environment).toContain('.TP\n.B CLAUDE_SESSION_DIR\nAs --session-dir, which');
    expect(environment).toContain(
      '.TP\n.B GEMINI_CLI_HOME\nAs --gemini-dir, which overrules it (its parent).',
    );
    expect(environment).toMatch(
      /^\.B CLEANED_COUNT, SESSION_MAP\n.* The command has 60 seconds\.$/m,
    );
  });

  describeWith({ commands: ['mandoc'] })('by mandoc', () => {
    it('is without a fault', () => {
      const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'error', page], { encoding: 'utf8' });
      expect(lint).toMatchObject({ status: 0, stdout: '', stderr: '' });
    });
  });
});
