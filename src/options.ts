import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { hoursToMilliseconds } from 'date-fns/hoursToMilliseconds';
import { type RemovalLimit, STATES } from './decide.js';
import { CleanupError, UsageError } from './errors.js';
import { type Family, PROVIDERS, type Provider } from './providers/index.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The CLIs' own directories. */
export type Roots = Readonly<Record<Family, string>>;

/** What every command is told. */
export interface CommonOptions {
  /** The directory that holds `session_map.json`, absolute. */
  readonly sessionDir: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** True or false when it was asked for; undefined leaves it to the terminal. */
  readonly color: boolean | undefined;
}

/** What a command that looks at sessions is told. */
export interface InspectOptions extends CommonOptions {
  readonly roots: Roots;
  readonly thresholdHours: number;
  readonly thresholdMs: number;
  readonly bridgeUrl: URL | undefined;
}

/** What `list` is told. */
export interface ListOptions extends InspectOptions {
  readonly sort: SortKey | undefined;
  /** A section's name, or that of a family of CLIs. */
  readonly provider: string | undefined;
  readonly state: ListedState | undefined;
}

const SORT_KEYS = ['idle', 'provider', 'chat'] as const;
const LISTED_STATES = [...STATES, 'running'] as const;
export type SortKey = (typeof SORT_KEYS)[number];
export type ListedState = (typeof LISTED_STATES)[number];

/** What a clean run is told. */
export interface CleanOptions extends InspectOptions {
  readonly dryRun: boolean;
  readonly missing: 'keep' | 'remove';
  readonly keepRunning: boolean;
  readonly onChange: string | undefined;
  readonly maxRemove: RemovalLimit | undefined;
  readonly metrics: string | undefined;
  readonly journalDays: number;
}

/** What `restore` is told. */
export interface RestoreOptions extends CommonOptions {
  readonly dryRun: boolean;
  readonly all: boolean;
  readonly last: boolean;
}

/** `--claude-dir` and its like. */
type RootFlags = { readonly [F in Family as `${F}Dir`]?: string };

/** The flags as commander leaves them; absent when not given. */
export interface Flags extends RootFlags {
  readonly dryRun?: boolean;
  readonly hours?: number;
  readonly sessionDir?: string;
  readonly missing?: 'keep' | 'remove';
  readonly keepRunning?: boolean;
  readonly onChange?: string;
  readonly bridgeUrl?: URL;
  readonly maxRemove?: RemovalLimit;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean;
  readonly metrics?: string;
  readonly journalDays?: number;
  readonly sort?: SortKey;
  readonly provider?: string;
  readonly state?: ListedState;
  readonly all?: boolean;
  readonly last?: boolean;
}

const DEFAULT_SESSION_DIR = '/tmp/claude_sessions';
const DEFAULT_HOURS = 2;
const DEFAULT_JOURNAL_DAYS = 30;
// A hundred years: beyond it the cut-off would be no date any more.
const MAX_HOURS = 876_000;
const MAX_JOURNAL_DAYS = 36_500;

/** `--session-dir` and the options that shape the output. */
function addCommonOptions(command: Command): Command {
  return command
    .option(
      '-d, --session-dir <dir>',
      `where session_map.json lies (env CLAUDE_SESSION_DIR, default ${DEFAULT_SESSION_DIR})`,
      text('directory'),
    )
    .option('--json', 'print one JSON document on standard output')
    .addOption(new Option('-q, --quiet', 'print problems only').conflicts('verbose'))
    .option('-v, --verbose', 'print whole ids, paths and resume commands')
    .option('--color', 'colour the output (env FORCE_COLOR)')
    .option('--no-color', 'do not colour the output (env NO_COLOR)');
}

/** The options of the commands that look at sessions. */
export function addInspectOptions(command: Command): Command {
  addCommonOptions(command)
    .option(
      '-H, --hours <n>',
      `idle threshold in hours (env IDLE_THRESHOLD_HOURS, default ${DEFAULT_HOURS})`,
      hours,
    )
    .option(
      '--bridge-url <url>',
      'the running bridge, such as http://127.0.0.1:8000 (env CLAUDE_BRIDGE_URL)',
      bridgeUrl,
    );
  for (const { family, label, rootName, rootVariable } of PROVIDERS) {
    command.option(
      `--${family}-dir <dir>`,
      `${label}'s own directory (moved by env ${rootVariable}, default ~/${rootName})`,
      text('directory'),
    );
  }
  return command;
}

/** The options of `list`. */
export function addListOptions(command: Command): Command {
  return addInspectOptions(command)
    .addOption(
      new Option('--sort <key>', 'by idle time, provider or chat (default: as in the map)').choices(
        SORT_KEYS,
      ),
    )
    .option('--provider <name>', 'only this provider, such as claude or codex-cli', text('name'))
    .addOption(new Option('--state <state>', 'only sessions in this state').choices(LISTED_STATES));
}

/** The options of a clean run. */
export function addCleanOptions(command: Command): Command {
  return addInspectOptions(command)
    .option('-n, --dry-run', 'print what a run would do; write nothing at all (env DRY_RUN)')
    .option('--no-dry-run', 'clean, whatever DRY_RUN says')
    .addOption(
      new Option(
        '--missing <what>',
        'what becomes of mappings with no transcript: keep (default) or remove',
      ).choices(['keep', 'remove']),
    )
    .option('--keep-running', 'keep a mapping whose CLI process runs right now')
    .option(
      '--on-change <command>',
      'shell command to run after a run that removed mappings',
      text('command'),
    )
    .option(
      '--max-remove <n|p%>',
      'remove nothing, and fail, when more than this many mappings would go',
      removalLimit,
    )
    .option('--metrics <file>', 'write a Prometheus text file (env CLEANUP_METRICS)', text('file'))
    .option(
      '--journal-days <n>',
      `days that removed mappings can be restored (env JOURNAL_DAYS, default ${DEFAULT_JOURNAL_DAYS})`,
      journalDays,
    );
}

/** The options of `restore`. */
export function addRestoreOptions(command: Command): Command {
  return addCommonOptions(command)
    .option('--all', 'every removed mapping')
    .addOption(new Option('--last', 'those that the last run removed').conflicts('all'))
    .option('-n, --dry-run', 'print what would be restored; write nothing at all (env DRY_RUN)')
    .option('--no-dry-run', 'restore, whatever DRY_RUN says');
}

/** The flags that a command was given, by itself and before its name; the nearer one counts. */
export function flagsOf(command: Command): Flags {
  const outer = command.parent === null ? {} : flagsOf(command.parent);
  return { ...outer, ...command.opts<Flags>() };
}

/**
 * Flags over environment over defaults.
 *
 * @throws UsageError for a value in the environment that makes no sense
 * @throws CleanupError when the home directory is needed and unknown
 */
export function cleanOptions(flags: Flags, environment: Environment): CleanOptions {
  return {
    ...inspectOptions(flags, environment),
    dryRun: dryRun(flags, environment),
    missing: flags.missing ?? 'keep',
    keepRunning: flags.keepRunning ?? false,
    onChange: flags.onChange,
    maxRemove: flags.maxRemove,
    metrics: metrics(flags, environment),
    journalDays:
      flags.journalDays ??
      fromEnvironment(environment, 'JOURNAL_DAYS', journalDays) ??
      DEFAULT_JOURNAL_DAYS,
  };
}

/** As cleanOptions, for the commands that only look. */
export function inspectOptions(flags: Flags, environment: Environment): InspectOptions {
  const thresholdHours =
    flags.hours ?? fromEnvironment(environment, 'IDLE_THRESHOLD_HOURS', hours) ?? DEFAULT_HOURS;
  return {
    ...commonOptions(flags, environment),
    roots: rootsFrom(flags, environment),
    thresholdHours,
    thresholdMs: hoursToMilliseconds(thresholdHours),
    bridgeUrl: flags.bridgeUrl ?? fromEnvironment(environment, 'CLAUDE_BRIDGE_URL', bridgeUrl),
  };
}

/** As cleanOptions, for `list`. */
export function listOptions(flags: Flags, environment: Environment): ListOptions {
  const { sort, provider, state } = flags;
  return { ...inspectOptions(flags, environment), sort, provider, state };
}

/** As cleanOptions, for `restore`. */
export function restoreOptions(flags: Flags, environment: Environment): RestoreOptions {
  return {
    ...commonOptions(flags, environment),
    dryRun: dryRun(flags, environment),
    all: flags.all ?? false,
    last: flags.last ?? false,
  };
}

/** Where a clean run leaves its metrics, and of which map. */
export type MetricsOptions = Pick<CleanOptions, 'metrics' | 'sessionDir' | 'dryRun'>;

/** As cleanOptions, for a run whose other options make no sense. */
export function metricsOptions(flags: Flags, environment: Environment): MetricsOptions {
  return {
    metrics: metrics(flags, environment),
    sessionDir: sessionDir(flags, environment),
    dryRun: flags.dryRun ?? isYes(environment['DRY_RUN'] ?? ''),
  };
}

function metrics(flags: Flags, environment: Environment): string | undefined {
  return flags.metrics || set(environment, 'CLEANUP_METRICS');
}

function sessionDir(flags: Flags, environment: Environment): string {
  return resolve(flags.sessionDir ?? set(environment, 'CLAUDE_SESSION_DIR') ?? DEFAULT_SESSION_DIR);
}

function commonOptions(flags: Flags, environment: Environment): CommonOptions {
  return {
    sessionDir: sessionDir(flags, environment),
    json: flags.json ?? false,
    quiet: flags.quiet ?? false,
    verbose: flags.verbose ?? false,
    color: flags.color ?? colorFrom(environment),
  };
}

function rootsFrom(flags: Flags, environment: Environment): Roots {
  const roots = PROVIDERS.map(
    (provider) => [provider.family, rootOf(provider, flags, environment)] as const,
  );
  return Object.fromEntries(roots) as Roots;
}

function rootOf(provider: Provider, flags: Flags, environment: Environment): string {
  const flag = flags[`${provider.family}Dir` as const];
  if (flag !== undefined) return resolve(flag);
  const moved = set(environment, provider.rootVariable);
  return resolve(
    moved === undefined ? join(home(environment), provider.rootName) : provider.rootFrom(moved),
  );
}

function home(environment: Environment): string {
  const named = set(environment, 'HOME');
  if (named !== undefined) return named;
  try {
    const known = userInfo().homedir;
    if (known !== '') return known;
  } catch {
    // This user has no entry in the password database.
  }
  const flags = PROVIDERS.map(({ family }) => `--${family}-dir`).join(', ');
  throw new CleanupError(`no home directory: set HOME, or give ${flags}`);
}

/** NO_COLOR and FORCE_COLOR as Node reads them: the second one wins. */
function colorFrom(environment: Environment): boolean | undefined {
  const forced = set(environment, 'FORCE_COLOR');
  if (forced !== undefined) return !['0', 'false'].includes(forced);
  return set(environment, 'NO_COLOR') === undefined ? undefined : false;
}

function dryRun(flags: Flags, environment: Environment): boolean {
  return flags.dryRun ?? fromEnvironment(environment, 'DRY_RUN', flag) ?? false;
}

/** A variable's value; one that is set to nothing is as good as unset. */
function set(environment: Environment, name: string): string | undefined {
  return environment[name] || undefined;
}

function fromEnvironment<T>(
  environment: Environment,
  name: string,
  parse: (value: string) => T,
): T | undefined {
  const value = set(environment, name);
  if (value === undefined) return undefined;
  try {
    return parse(value);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UsageError(`environment variable ${name}: '${value}' is invalid. ${error.message}`);
  }
}

function isYes(value: string): boolean {
  return ['1', 'true', 'yes'].includes(value.toLowerCase());
}

function flag(value: string): boolean {
  if (isYes(value)) return true;
  if (['0', 'false', 'no'].includes(value.toLowerCase())) return false;
  throw new InvalidArgumentError('It takes 1, true or yes, or 0, false or no.');
}

const DECIMAL = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function positive(value: string, most: number, unit: string): number {
  const amount = DECIMAL.test(value.trim()) ? Number(value) : Number.NaN;
  if (!(amount > 0 && amount <= most)) {
    throw new InvalidArgumentError(
      `It takes a positive number of ${unit}, such as 2 or 0.5, and at most ${most}.`,
    );
  }
  return amount;
}

function hours(value: string): number {
  return positive(value, MAX_HOURS, 'hours');
}

function journalDays(value: string): number {
  return positive(value, MAX_JOURNAL_DAYS, 'days');
}

function removalLimit(value: string): RemovalLimit {
  const found = /^(\d{1,9})(%?)$/.exec(value.trim());
  const most = Number(found?.[1]);
  if (found === null || (found[2] === '%' && most > 100)) {
    throw new InvalidArgumentError(
      'It takes a number of mappings, such as 20, or a share, such as 50%.',
    );
  }
  return { kind: found[2] === '%' ? 'percent' : 'count', most };
}

function bridgeUrl(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError(
      'It takes an http or https address, such as http://127.0.0.1:8000.',
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new InvalidArgumentError('It takes an address without user, password, ? or #.');
  }
  return url;
}

function text(what: string): (value: string) => string {
  return (value) => {
    if (value === '' || value.includes('\0')) throw new InvalidArgumentError(`It takes a ${what}.`);
    return value;
  };
}
