import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { hoursToMilliseconds } from 'date-fns/hoursToMilliseconds';
import { CleanupError, UsageError } from '../errors.js';
import { PROVIDERS, type Provider, type Roots } from '../providers/index.js';
import type { Mapping } from '../session-map/parse.js';
import type { RemovalLimit } from '../sessions/decide.js';
import { ownAccount } from '../system/account.js';
import type { Flags, ListedState, SortKey } from './flags.js';
import { bridgeUrl, flag, hours, isYes, journalDays } from './values.js';

type Environment = Readonly<Record<string, string | undefined>>;

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
export interface SessionOptions extends CommonOptions {
  readonly roots: Roots;
  readonly thresholdHours: number;
  readonly thresholdMs: number;
  /** The threshold of one mapping: that of the last `--hours <pattern>=<n>` which matches, or thresholdMs. */
  thresholdMsOf(mapping: Pick<Mapping, 'provider' | 'chat'>): number;
  readonly bridgeUrl: URL | undefined;
}

/** What `list` is told. */
export interface ListOptions extends SessionOptions {
  /** Whether `--keep` names a mapping: it is never removed. */
  isKept(mapping: Pick<Mapping, 'provider' | 'chat'>): boolean;
  readonly sort: SortKey | undefined;
  /** A section's name, or that of a family of CLIs. */
  readonly provider: string | undefined;
  readonly state: ListedState | undefined;
}

/** What a clean run is told. */
export interface CleanOptions extends SessionOptions {
  /** Whether `--keep` names a mapping: it is never removed. */
  isKept(mapping: Pick<Mapping, 'provider' | 'chat'>): boolean;
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
  /** Put a named chat's old session back although the chat has a newer one. */
  readonly replace: boolean;
}

export const DEFAULT_SESSION_DIR = '/tmp/claude_sessions';
export const DEFAULT_HOURS = 2;
export const DEFAULT_JOURNAL_DAYS = 30;

/**
 * Flags over environment over defaults.
 *
 * @throws UsageError for a value in the environment that makes no sense
 * @throws CleanupError when the home directory is needed and unknown
 */
export function cleanOptions(flags: Flags, environment: Environment): CleanOptions {
  return {
    ...sessionOptions(flags, environment),
    isKept: isKept(flags),
    dryRun: dryRun(flags, environment),
    missing: flags.missing ?? 'keep',
    keepRunning: flags.keepRunning ?? true,
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
export function sessionOptions(flags: Flags, environment: Environment): SessionOptions {
  const rules = flags.hours ?? [];
  const thresholdHours =
    rules.findLast(({ pattern }) => pattern === undefined)?.hours ??
    fromEnvironment(environment, 'IDLE_THRESHOLD_HOURS', hours) ??
    DEFAULT_HOURS;
  return {
    ...commonOptions(flags, environment),
    roots: rootsFrom(flags, environment),
    thresholdHours,
    thresholdMs: hoursToMilliseconds(thresholdHours),
    thresholdMsOf: (mapping) =>
      hoursToMilliseconds(
        rules.findLast(({ pattern }) => pattern?.matchesSection(mapping))?.hours ?? thresholdHours,
      ),
    bridgeUrl: flags.bridgeUrl ?? fromEnvironment(environment, 'CLAUDE_BRIDGE_URL', bridgeUrl),
  };
}

/** As cleanOptions, for `list`. */
export function listOptions(flags: Flags, environment: Environment): ListOptions {
  const { sort, provider, state } = flags;
  return { ...sessionOptions(flags, environment), isKept: isKept(flags), sort, provider, state };
}

function isKept({ keep = [] }: Flags): CleanOptions['isKept'] {
  return (mapping) => keep.some((pattern) => pattern.matches(mapping));
}

/** As cleanOptions, for `restore`. */
export function restoreOptions(flags: Flags, environment: Environment): RestoreOptions {
  return {
    ...commonOptions(flags, environment),
    dryRun: dryRun(flags, environment),
    all: flags.all ?? false,
    last: flags.last ?? false,
    replace: flags.replace ?? false,
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
  const known = ownAccount()?.home;
  if (known) return known;
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
