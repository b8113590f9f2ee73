import { PROVIDERS, type Provider } from '../providers/index.js';
import { STATES } from '../sessions/decide.js';
import {
  anyText,
  bridgeUrl,
  hours,
  hoursRule,
  journalDays,
  oneOf,
  pathTo,
  pattern,
  removalLimit,
  yesOrNo,
} from './values.js';

/** The commands that take options. */
export const TAKERS = ['clean', 'list', 'restore', 'doctor'] as const;
export type Taker = (typeof TAKERS)[number];

/** One option: all that the command line, the documents and the shells have to know of it. */
export interface Option<T = unknown> {
  /** As commander takes them: `-d, --session-dir <dir>`. */
  readonly flags: string;
  readonly of: readonly Taker[];
  /** What it means, in Markdown. */
  readonly help: string;
  /** What its `--no-…` means; it has none without this. */
  readonly no?: string;
  /** The environment variable that says the same. */
  readonly variable?: string;
  /** The environment variable that says the same as its `--no-…`. */
  readonly noVariable?: string;
  /** How the variable differs from the flag, in words. */
  readonly variableNote?: string;
  /** What counts when nothing is said, as it would be said. */
  readonly default?: string;
  /** That in other words, in Markdown. */
  readonly defaultNote?: string;
  /** @throws UsageError for a text that makes no sense */
  readonly parse: (text: string) => T;
  /** As parse, for the variable, where that is read otherwise. */
  readonly parseVariable?: (text: string) => T;
  readonly choices?: readonly string[];
  /** The names of the options that can't stand beside it, as OPTIONS has them. */
  readonly conflicts?: readonly string[];
}

const LOOKING = ['clean', 'list', 'doctor'] as const;

const OFF = { default: 'no', defaultNote: 'off', parse: yesOrNo };
const ON = { default: 'yes', defaultNote: 'on', parse: yesOrNo };

/** Every option but the CLIs' directories, each under the name that its flags have. */
export const OPTIONS = {
  dryRun: {
    ...OFF,
    flags: '-n, --dry-run',
    of: ['clean', 'restore'],
    help: 'print what would be done; write nothing at all',
    no: 'do it, whatever the variable says',
    variable: 'DRY_RUN',
    variableNote: '1/true/yes',
  },
  hours: {
    flags: '-H, --hours <n>',
    of: LOOKING,
    help: 'idle threshold in hours; repeatable as `<pattern>=<n>` for a section or some chats (`codex-cli=12`, `claude-cli/ops-*=48`), the last that matches counts',
    variable: 'IDLE_THRESHOLD_HOURS',
    default: '2',
    parse: hoursRule,
    parseVariable: (text) => ({ matches: undefined, hours: hours(text) }),
  },
  keep: {
    flags: '--keep <pattern>',
    of: ['clean', 'list'],
    help: 'never remove what matches `provider/chat` or the chat alone; repeatable, `*` stands for any characters',
    parse: pattern,
  },
  sessionDir: {
    flags: '-d, --session-dir <dir>',
    of: TAKERS,
    help: 'where `session_map.json` lies',
    variable: 'CLAUDE_SESSION_DIR',
    default: '/tmp/claude_sessions',
    parse: pathTo('directory'),
  },
  missing: {
    flags: '--missing <what>',
    of: ['clean'],
    help: 'mappings without a transcript; `remove` acts only where others have theirs, on one that has lacked it for longer than the threshold over two runs',
    default: 'keep',
    ...oneOf('keep', 'remove'),
  },
  keepRunning: {
    ...ON,
    flags: '--keep-running',
    of: ['clean'],
    help: 'keep a mapping whose CLI process runs right now, or may run',
    no: 'remove it when it is idle',
  },
  bridgeUrl: {
    flags: '--bridge-url <url>',
    of: LOOKING,
    help: 'ask the running bridge to forget each idle mapping',
    variable: 'CLAUDE_BRIDGE_URL',
    parse: bridgeUrl,
  },
  onChange: {
    flags: '--on-change <command>',
    of: ['clean'],
    help: 'shell command after a run that removed mappings, with `CLEANED_COUNT` and `SESSION_MAP` set and the mappings as JSON lines on standard input; at most 60 s',
    parse: anyText('command'),
  },
  maxRemove: {
    flags: '--max-remove <n|p%>',
    of: ['clean'],
    help: 'remove nothing, and fail, when more would go',
    parse: removalLimit,
  },
  journalDays: {
    flags: '--journal-days <n>',
    of: ['clean'],
    help: 'days that removed mappings can be restored',
    variable: 'JOURNAL_DAYS',
    default: '30',
    parse: journalDays,
  },
  metrics: {
    flags: '--metrics <file>',
    of: ['clean'],
    help: 'Prometheus text file (.prom) for the node exporter',
    variable: 'CLEANUP_METRICS',
    parse: pathTo('file'),
  },
  sort: {
    flags: '--sort <key>',
    of: ['list'],
    help: 'in this order',
    defaultNote: 'as in the map',
    ...oneOf('idle', 'provider', 'chat'),
  },
  provider: {
    flags: '--provider <name>',
    of: ['list'],
    help: 'only this section, such as `codex-cli`, or this family, such as `codex`',
    parse: anyText('name'),
  },
  state: {
    flags: '--state <state>',
    of: ['list'],
    help: 'only sessions in this state',
    ...oneOf(...STATES, 'running'),
  },
  all: {
    ...OFF,
    flags: '--all',
    of: ['restore'],
    help: 'every removed mapping',
  },
  last: {
    ...OFF,
    flags: '--last',
    of: ['restore'],
    help: 'those that the last run removed',
    conflicts: ['all'],
  },
  replace: {
    ...OFF,
    flags: '--replace',
    of: ['restore'],
    help: "put the named chats' old sessions back in place of newer ones",
    conflicts: ['all', 'last'],
  },
  json: {
    ...OFF,
    flags: '--json',
    of: TAKERS,
    help: 'one JSON document on standard output',
  },
  quiet: {
    ...OFF,
    flags: '-q, --quiet',
    of: TAKERS,
    help: 'problems only',
    conflicts: ['verbose'],
  },
  verbose: {
    ...OFF,
    flags: '-v, --verbose',
    of: TAKERS,
    help: 'whole ids, paths and resume commands',
  },
  color: {
    flags: '--color',
    of: TAKERS,
    help: 'colour the output',
    no: 'do not colour it',
    variable: 'FORCE_COLOR',
    noVariable: 'NO_COLOR',
    defaultNote: 'on a terminal',
    parse: yesOrNo,
    parseVariable: (text) => !['0', 'false'].includes(text),
  },
} satisfies Readonly<Record<string, Option>>;

/** The option that names a CLI's own directory. */
export function rootOption(provider: Provider): Option<string> {
  const directory = pathTo('directory');
  return {
    flags: `--${provider.family}-dir <dir>`,
    of: LOOKING,
    help: `${provider.label}'s own directory`,
    variable: provider.rootVariable,
    ...(provider.rootFrom('/x') === '/x' ? {} : { variableNote: 'its parent' }),
    defaultNote: `\`~/${provider.rootName}\``,
    parse: directory,
    parseVariable: (text) => provider.rootFrom(directory(text)),
  };
}

/** The options of a command, in the order in which they are shown. */
export function optionsOf(taker: Taker): Option[] {
  const all: readonly Option[] = [...Object.values(OPTIONS), ...PROVIDERS.map(rootOption)];
  return all.filter((each) => each.of.includes(taker));
}

/** What counts when nothing is said, in Markdown. */
export function defaultOf({ default: said, defaultNote }: Option): string {
  if (defaultNote !== undefined) return defaultNote;
  if (said === undefined) return 'none';
  return /^\d+$/.test(said) ? said : `\`${said}\``;
}

/** The name of an option in what commander leaves: `sessionDir` for `--session-dir`. */
export function nameOf({ flags }: Pick<Option, 'flags'>): string {
  return longOf({ flags }).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** `session-dir` for `-d, --session-dir <dir>`. */
export function longOf({ flags }: Pick<Option, 'flags'>): string {
  return /--([\w-]+)/.exec(flags)?.[1] ?? '';
}
