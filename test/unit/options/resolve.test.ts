import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { metricsOptions, optionsFrom } from '../../../src/options/resolve.js';

const HOME = { HOME: '/home/alice' };

describe('what a command is told', () => {
  it('is the default when nothing is said', () => {
    expect(optionsFrom('clean', {}, HOME)).toMatchObject({
      sessionDir: '/tmp/claude_sessions',
      thresholdHours: 2,
      missing: 'keep',
      keepRunning: true,
      dryRun: false,
      journalDays: 30,
      roots: {
        claude: '/home/alice/.claude',
        gemini: '/home/alice/.gemini',
        codex: '/home/alice/.codex',
      },
    });
  });

  it('is in the environment, unless a flag says otherwise', () => {
    const environment = {
      ...HOME,
      CLAUDE_SESSION_DIR: '/map',
      IDLE_THRESHOLD_HOURS: '5',
      DRY_RUN: 'yes',
      CODEX_HOME: '/codex',
      GEMINI_CLI_HOME: '/g',
      JOURNAL_DAYS: '',
    };
    expect(optionsFrom('clean', {}, environment)).toMatchObject({
      sessionDir: '/map',
      thresholdHours: 5,
      dryRun: true,
      roots: { codex: '/codex', gemini: '/g/.gemini' },
      journalDays: 30,
    });
    const flags = { sessionDir: ['/a', '/b'], hours: ['3'], dryRun: ['false'], codexDir: ['/c'] };
    expect(optionsFrom('clean', flags, environment)).toMatchObject({
      sessionDir: '/b',
      thresholdHours: 3,
      dryRun: false,
      roots: { codex: '/c' },
    });
  });

  it('leaves alone what is no option of the command', () => {
    const environment = { IDLE_THRESHOLD_HOURS: 'two', JOURNAL_DAYS: 'many', HOME: '~' };
    expect(optionsFrom('restore', {}, environment)).toMatchObject({ thresholdHours: 2 });
    expect(() => optionsFrom('list', {}, { ...HOME, JOURNAL_DAYS: 'many' })).not.toThrow();
  });

  it.each([
    [{ hours: ['two'] }, {}, "option '-H, --hours <n>' argument 'two' is invalid. It takes"],
    [{ keep: ['a', ''] }, {}, "option '--keep <pattern>' argument '' is invalid. It takes"],
    [{ missing: ['x'] }, {}, "argument 'x' is invalid. It takes one of keep, remove."],
    [{}, { DRY_RUN: 'perhaps' }, "environment variable DRY_RUN: 'perhaps' is invalid."],
    [{}, { IDLE_THRESHOLD_HOURS: 'a=2' }, "variable IDLE_THRESHOLD_HOURS: 'a=2' is invalid."],
  ])('makes no sense: %j %j', (flags: Record<string, string[]>, environment, said) => {
    const reading = () => optionsFrom('clean', flags, { ...HOME, ...environment });
    expect(reading).toThrow(UsageError);
    expect(reading).toThrow(said);
  });
});

describe('rules', () => {
  const of = (provider: string, chat: string) => ({ provider, chat });
  const hoursOf = (hours: string[], environment = {}) => {
    const options = optionsFrom('clean', { hours }, { ...HOME, ...environment });
    return (provider: string, chat: string) =>
      options.thresholdMsOf(of(provider, chat)) / 3_600_000;
  };

  it('give a section or some chats another threshold; the last that matches counts', () => {
    const threshold = hoursOf(['codex-cli=12', '3', 'claude-cli/ops-*=48', 'ops-9=1']);
    expect(threshold('codex-cli', 'a')).toBe(12);
    expect(threshold('claude-cli', 'a')).toBe(3);
    expect(threshold('claude-cli', 'ops-1')).toBe(48);
    expect(threshold('claude-cli', 'ops-9')).toBe(1);
    const families = hoursOf(['claude-*=12', 'codex=12']);
    expect(families('claude-cli', 'a')).toBe(12);
    expect(families('codex-cli', 'a')).toBe(2);
  });

  it('leave the threshold of all others to the variable', () => {
    const threshold = hoursOf(['codex-cli=12'], { IDLE_THRESHOLD_HOURS: '7' });
    expect(threshold('codex-cli', 'a')).toBe(12);
    expect(threshold('gemini-cli', 'a')).toBe(7);
  });

  it('keep what one of the patterns matches', () => {
    const { isKept } = optionsFrom('clean', { keep: ['ops-*', 'codex-cli/a'] }, HOME);
    expect(isKept(of('gemini-cli', 'ops-1'))).toBe(true);
    expect(isKept(of('codex-cli', 'a'))).toBe(true);
    expect(isKept(of('claude-cli', 'a'))).toBe(false);
    expect(optionsFrom('clean', {}, HOME).isKept(of('a', 'b'))).toBe(false);
  });
});

describe('a path that no shell has expanded', () => {
  it.each([
    ['~/map', '~ is not expanded'],
    ['~', '~ is not expanded'],
    ['$HOME/map', 'Variables are not expanded'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what an environment file may have
    ['${HOME}/map', 'Variables are not expanded'],
    ['"/srv/map"', 'quotes'],
    ["'/srv/map'", 'quotes'],
    ['/srv/map\r', 'carriage return'],
    [' /srv/map', 'blank'],
    ['/srv/map\n', 'blank'],
    ['/srv/s\uFFFDss', 'UTF-8'],
    ['/srv/\0map', 'directory'],
  ])('is refused in one line that says what to do: %j', (path, said) => {
    for (const variable of ['CLAUDE_SESSION_DIR', 'CLAUDE_CONFIG_DIR', 'GEMINI_CLI_HOME', 'HOME']) {
      const reading = () => optionsFrom('doctor', {}, { ...HOME, [variable]: path });
      expect(reading).toThrow(UsageError);
      expect(reading).toThrow(said);
    }
    expect(() => optionsFrom('clean', { metrics: [path] }, HOME)).toThrow(UsageError);
  });

  it.each(['/srv/a b', '/srv/~map', "/srv/it's", './~map', '/srv/$map', 'map'])(
    'is not %j',
    (path) => {
      expect(optionsFrom('clean', { sessionDir: [path] }, HOME).sessionDir).toMatch(/^\//);
    },
  );
});

describe('the metrics of a run whose options make no sense', () => {
  it('are written where they are asked for, unless it was to be a dry run', () => {
    const flags = { metrics: ['/m.prom'], hours: ['two'], sessionDir: ['/map'] };
    expect(metricsOptions(flags, { DRY_RUN: 'perhaps' })).toEqual({
      metrics: '/m.prom',
      sessionDir: '/map',
    });
    expect(metricsOptions({ ...flags, dryRun: ['true'] }, {}).metrics).toBeUndefined();
    expect(metricsOptions(flags, { DRY_RUN: 'yes' }).metrics).toBeUndefined();
  });
});
