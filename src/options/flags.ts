import { type Command, Option } from 'commander';
import { type Family, PROVIDERS } from '../providers/index.js';
import { type RemovalLimit, STATES } from '../sessions/decide.js';
import { DEFAULT_HOURS, DEFAULT_JOURNAL_DAYS, DEFAULT_SESSION_DIR } from './resolve.js';
import type { HoursRule, Pattern } from './rules.js';
import { bridgeUrl, hoursRules, journalDays, patterns, removalLimit, text } from './values.js';

const SORT_KEYS = ['idle', 'provider', 'chat'] as const;
const LISTED_STATES = [...STATES, 'running'] as const;
export type SortKey = (typeof SORT_KEYS)[number];
export type ListedState = (typeof LISTED_STATES)[number];

/** `--claude-dir` and its like. */
type RootFlags = { readonly [F in Family as `${F}Dir`]?: string };

/** The flags as commander leaves them; absent when not given. */
export interface Flags extends RootFlags {
  readonly dryRun?: boolean;
  readonly hours?: readonly HoursRule[];
  readonly keep?: readonly Pattern[];
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
  readonly replace?: boolean;
}

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
export function addSessionOptions(command: Command): Command {
  addCommonOptions(command)
    .option(
      '-H, --hours <n>',
      `idle threshold in hours (env IDLE_THRESHOLD_HOURS, default ${DEFAULT_HOURS}); <pattern>=<n> for a section or some chats, repeatable, the last that matches counts`,
      hoursRules,
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

function addKeep(command: Command): Command {
  return command.option(
    '--keep <pattern>',
    "never remove these: a pattern over provider/chat or the chat alone, such as 'claude-cli/ops-*'; repeatable",
    patterns,
  );
}

/** The options of `list`. */
export function addListOptions(command: Command): Command {
  return addKeep(addSessionOptions(command))
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
  return addKeep(addSessionOptions(command))
    .option('-n, --dry-run', 'print what a run would do; write nothing at all (env DRY_RUN)')
    .option('--no-dry-run', 'clean, whatever DRY_RUN says')
    .addOption(
      new Option(
        '--missing <what>',
        'what becomes of mappings with no transcript: keep (default) or remove',
      ).choices(['keep', 'remove']),
    )
    .option('--keep-running', 'keep a mapping whose CLI process runs right now (default)')
    .option('--no-keep-running', 'remove it all the same when it is idle')
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
    .addOption(
      new Option(
        '--replace',
        "put back the named chats' old sessions in place of newer ones",
      ).conflicts(['all', 'last']),
    )
    .option('-n, --dry-run', 'print what would be restored; write nothing at all (env DRY_RUN)')
    .option('--no-dry-run', 'restore, whatever DRY_RUN says');
}

/** What commander finds wrong, in one line. */
export function inOneLine(message: string): string {
  return message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
}

/** The flags that a command was given, by itself and before its name; the nearer one counts. */
export function flagsOf(command: Command): Flags {
  const outer = command.parent === null ? {} : flagsOf(command.parent);
  return { ...outer, ...command.opts<Flags>() };
}
