import { join } from 'node:path';
import { hoursToMilliseconds } from 'date-fns/hoursToMilliseconds';
import { CleanupError, UsageError } from '../errors.js';
import { PROVIDERS, type Roots } from '../providers/index.js';
import { ownAccount } from '../system/account.js';
import type { Flags } from './flags.js';
import { nameOf, OPTIONS, type Option, rootOption, type Taker } from './table.js';
import { pathTo } from './values.js';

type Environment = Readonly<Record<string, string | undefined>>;
type ValueOf<O extends Option> =
  | ReturnType<O['parse']>
  | (O extends { readonly default: string } ? never : undefined);
type Values = { readonly [N in keyof typeof OPTIONS]: ValueOf<(typeof OPTIONS)[N]> };
type ChatName = { readonly provider: string; readonly chat: string };

/** What a command is told. What is none of its options has its default; so have the roots, which is ''. */
export interface Options extends Omit<Values, 'hours' | 'keep'> {
  readonly roots: Roots;
  readonly thresholdHours: number;
  /** The threshold of one mapping: that of the last `--hours <pattern>=<n>` which matches, or thresholdHours; ms. */
  thresholdMsOf(mapping: ChatName): number;
  /** Whether `--keep` names a mapping: it is never removed. */
  isKept(mapping: ChatName): boolean;
}

/**
 * The options of a command: flags over environment over defaults.
 *
 * @throws UsageError for a value that makes no sense
 * @throws CleanupError when the home directory is needed and unknown
 */
export function optionsFrom(taker: Taker, flags: Flags, environment: Environment): Options {
  const read = <O extends Option>(option: O, given = flags): ValueOf<O> =>
    option.of.includes(taker) ? settingOf(option, given, environment) : settingOf(option, {}, {});
  const rules = flagValues(OPTIONS.hours, flags);
  const { hours } =
    rules.findLast(({ matches }) => matches === undefined) ?? read(OPTIONS.hours, {});
  const kept = flagValues(OPTIONS.keep, flags);
  const values = Object.entries(OPTIONS).map(([name, option]) => [name, read<Option>(option)]);
  const rootOf = (provider: (typeof PROVIDERS)[number]): string => {
    const option = rootOption(provider);
    if (!option.of.includes(taker)) return '';
    return read(option) ?? join(home(environment), provider.rootName);
  };
  return {
    ...(Object.fromEntries(values) as Values),
    roots: Object.fromEntries(PROVIDERS.map((each) => [each.family, rootOf(each)])) as Roots,
    thresholdHours: hours,
    thresholdMsOf: (mapping) => {
      const names = [mapping.provider, ...namesOf(mapping)];
      return hoursToMilliseconds(
        rules.findLast(({ matches }) => matches?.(...names))?.hours ?? hours,
      );
    },
    isKept: (mapping) => kept.some((matches) => matches(...namesOf(mapping))),
  };
}

/** Where a clean run that failed leaves its metrics, and of which map, even when its other options make no sense. */
export function metricsOptions(
  flags: Flags,
  environment: Environment,
): Pick<Options, 'metrics' | 'sessionDir'> {
  const isDry = flags['dryRun']?.at(-1) ?? environment['DRY_RUN'] ?? '';
  const metrics = settingOf(OPTIONS.metrics, flags, environment);
  return {
    metrics: /^(1|true|yes)$/i.test(isDry) ? undefined : metrics,
    sessionDir: settingOf(OPTIONS.sessionDir, flags, environment),
  };
}

/** The names that a pattern can mean a mapping by. */
function namesOf({ provider, chat }: ChatName): string[] {
  return [`${provider}/${chat}`, chat];
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
function settingOf<O extends Option>(option: O, flags: Flags, environment: Environment): ValueOf<O>;
function settingOf(option: Option, flags: Flags, environment: Environment): unknown {
  const { variable, noVariable, parse, parseVariable = parse } = option;
  const flag = flags[nameOf(option)]?.at(-1);
  if (flag !== undefined) return understood(parse, flag, `option '${option.flags}' argument`);
  const text = variable && environment[variable];
  if (text) return understood(parseVariable, text, `environment variable ${variable}:`);
  const unsaid = noVariable && environment[noVariable] ? 'no' : option.default;
  return unsaid === undefined ? undefined : parse(unsaid);
}

/** The values of all of an option's flags. */
function flagValues<T>(option: Option<T>, flags: Flags): T[] {
  const setting = `option '${option.flags}' argument`;
  return (flags[nameOf(option)] ?? []).map((text) => understood(option.parse, text, setting));
}

function understood<T>(parse: (text: string) => T, text: string, setting: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${setting} '${text}' is invalid. ${error.message}`);
  }
}
