import { join } from 'node:path';
import { hoursToMilliseconds } from 'date-fns/hoursToMilliseconds';
import { CleanupError, UsageError } from '../errors.js';
import type { MetricsOptions } from '../metrics/record.js';
import { PROVIDERS, type Provider, type Roots } from '../providers/index.js';
import { ownAccount } from '../system/account.js';
import type { Flags } from './flags.js';
import type { Named } from './rules.js';
import { nameOf, OPTIONS, type Option, rootOption, type Taker } from './table.js';
import { pathTo } from './values.js';

type Environment = Readonly<Record<string, string | undefined>>;
type Values = { readonly [N in keyof typeof OPTIONS]: (typeof OPTIONS)[N]['default'] };

/** What a command is told. What is none of its options has its default; so have the roots, which is ''. */
export interface Options extends Omit<Values, 'hours' | 'keep'> {
  readonly roots: Roots;
  readonly thresholdHours: number;
  readonly thresholdMs: number;
  /** The threshold of one mapping: that of the last `--hours <pattern>=<n>` which matches, or thresholdMs. */
  thresholdMsOf(mapping: Named): number;
  /** Whether `--keep` names a mapping: it is never removed. */
  isKept(mapping: Named): boolean;
}

/**
 * The options of a command: flags over environment over defaults.
 *
 * @throws UsageError for a value that makes no sense
 * @throws CleanupError when the home directory is needed and unknown
 */
export function optionsFrom(taker: Taker, flags: Flags, environment: Environment): Options {
  const read = <T>(option: Option<T>, given = flags): T =>
    option.of.includes(taker) ? settingOf(option, given, environment) : option.default;
  const rules = flagValues(OPTIONS.hours, flags);
  const rule = rules.findLast(({ pattern }) => pattern === undefined);
  const { hours } = rule ?? read(OPTIONS.hours, {});
  const patterns = flagValues(OPTIONS.keep, flags);
  const { hours: _, keep: __, ...others } = OPTIONS;
  const values = Object.entries(others).map(([name, option]) => [name, read<unknown>(option)]);
  return {
    ...(Object.fromEntries(values) as Omit<Values, 'hours' | 'keep'>),
    roots: rootsFrom((provider) => {
      const option = rootOption(provider);
      if (!option.of.includes(taker)) return '';
      return read(option) ?? join(home(environment), provider.rootName);
    }),
    thresholdHours: hours,
    thresholdMs: hoursToMilliseconds(hours),
    thresholdMsOf: (mapping) =>
      hoursToMilliseconds(
        rules.findLast(({ pattern }) => pattern?.matchesSection(mapping))?.hours ?? hours,
      ),
    isKept: (mapping) => patterns.some((pattern) => pattern?.matches(mapping)),
  };
}

/** Where a clean run whose options make no sense leaves its metrics, and of which map. */
export function metricsOptions(flags: Flags, environment: Environment): MetricsOptions {
  const isDry = flags['dryRun']?.at(-1) ?? environment['DRY_RUN'] ?? '';
  return {
    metrics: settingOf(OPTIONS.metrics, flags, environment),
    sessionDir: settingOf(OPTIONS.sessionDir, flags, environment),
    dryRun: /^(1|true|yes)$/i.test(isDry),
  };
}

function rootsFrom(rootOf: (provider: Provider) => string): Roots {
  return Object.fromEntries(PROVIDERS.map((each) => [each.family, rootOf(each)])) as Roots;
}

function home(environment: Environment): string {
  const named = environment['HOME'];
  if (named) return understood(pathTo('directory'), named, 'environment variable HOME:');
  const known = ownAccount()?.home;
  if (known) return known;
  const flags = PROVIDERS.map(({ family }) => `--${family}-dir`).join(', ');
  throw new CleanupError(`no home directory: set HOME, or give ${flags}`);
}

/** An option's value: the last flag, else its variable; one that is set to nothing is as good as unset. */
function settingOf<T>(option: Option<T>, flags: Flags, environment: Environment): T {
  const { variable, noVariable, parse, parseVariable = parse } = option;
  const flag = flags[nameOf(option)]?.at(-1);
  if (flag !== undefined) return understood(parse, flag, `option '${option.flags}' argument`);
  const text = variable && environment[variable];
  if (!text) return noVariable && environment[noVariable] ? parse('no') : option.default;
  return understood(parseVariable, text, `environment variable ${variable}:`);
}

/** The values of an option's flags. */
function flagValues<T>(option: Option<T>, flags: Flags): T[] {
  return (flags[nameOf(option)] ?? []).map((text) =>
    settingOf(option, { [nameOf(option)]: [text] }, {}),
  );
}

function understood<T>(parse: (text: string) => T, text: string, setting: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${setting} '${text}' is invalid. ${error.message}`);
  }
}
