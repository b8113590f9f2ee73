import type { Restorable } from '../journal/restorable.js';
import { counted } from '../output/counted.js';
import { type Finding, findingLine } from '../output/finding.js';
import { colorsFor, page } from '../output/page.js';
import { printable } from '../output/printable.js';
import { shortNames } from '../output/short-names.js';
import { isoTime, localTime } from '../output/time.js';
import type { TextStyle } from './clean-text.js';
import { JSON_VERSION } from './json.js';

/** A removed mapping and what became of it. */
export interface RestoreRow {
  readonly removal: Restorable;
  /** `kept`: the chat is mapped meanwhile, and stays as it is, or the map has no room for its CLI. */
  readonly action: 'restorable' | 'restored' | 'would-restore' | 'kept';
}

/** Everything that a report of `restore` tells. */
export interface RestoreReport {
  readonly dryRun: boolean;
  /** Nothing was named: it only tells what could be restored. */
  readonly isListing: boolean;
  /** False when there is no map yet. */
  readonly hasMap: boolean;
  /** The map's path, as the user knows it. */
  readonly map: string;
  /** Newest first. */
  readonly rows: readonly RestoreRow[];
}

const INDENT = '      ';
const WORDS: Readonly<Record<RestoreRow['action'] | 'no-room', string>> = {
  restorable: '↩️  ',
  restored: '✅ Restored ',
  'would-restore': '[DRY RUN] Would restore ',
  kept: '⚠️  Kept, the chat is mapped meanwhile: ',
  'no-room': '⚠️  Not restored, the map is flat and holds claude-cli only: ',
};
// One that was put back is named alone: its beginning says less than beside others.
const CHAT_ROOM = 24;

/** What can be, or was, put back. Times are local. */
export async function restoreText(
  report: RestoreReport,
  style: TextStyle,
): Promise<Iterable<string>> {
  const { verbose, color, width } = style;
  const { rows, isListing, hasMap, dryRun } = report;
  const colors = await colorsFor(color);
  const map = printable(report.map);
  const removals = rows.map(({ removal }) => removal.entry);
  const chat = verbose
    ? printable
    : shortNames(
        removals.map((each) => each.chat),
        CHAT_ROOM,
      );
  const session = verbose ? printable : shortNames(removals.map((each) => each.session));
  return page(pageLines(), width, INDENT);

  function pageLines(): string[] {
    if (!hasMap) return [`No session map at ${map} yet: nothing can be restored`];
    if (isListing && rows.length === 0) return [`Nothing can be restored to ${map}`];
    if (isListing) {
      return [
        `${counted(rows.length, 'removed mapping')} can be restored to ${map}, newest first:`,
        ...rows.map(rowLine),
        'Say which: --all, --last (those of the last run that removed some), or their chats; --replace puts one back over a newer mapping.',
      ];
    }
    const count = rows.filter(({ action }) => action !== 'kept').length;
    const verb = dryRun ? '[DRY RUN] Would restore' : 'Restored';
    const lines = [...rows.map(rowLine), colors.bold(`${verb}: ${counted(count, 'mapping')}`)];
    if (dryRun || count === 0) return lines;
    return [
      ...lines,
      'Sessions that are still idle when the next run comes are cleaned again.',
      'A running bridge takes them up at its next start, and writes its own memory over them before: restart it now.',
    ];
  }

  function rowLine({ removal: { entry, obstacle }, action }: RestoreRow): string {
    const words = WORDS[action === 'kept' && obstacle === 'flat' ? 'no-room' : action];
    const name = `${printable(entry.provider)}/${chat(entry.chat)}`;
    return `  ${words}${name}: Session ${session(entry.session)} (removed: ${localTime(Date.parse(entry.at))})`;
  }
}

/** The stable JSON document of `restore`. */
export function restoreJson(report: RestoreReport, findings: readonly Finding[]): unknown {
  const count = (wanted: RestoreRow['action']): number =>
    report.rows.filter(({ action }) => action === wanted).length;
  return {
    version: JSON_VERSION,
    command: 'restore',
    dryRun: report.dryRun,
    map: report.map,
    mappings: report.rows.map(({ removal: { entry }, action }) => ({
      provider: entry.provider,
      chat: entry.chat,
      session: entry.session,
      removedAt: entry.at,
      lastActivity: entry.lastActivity === null ? null : isoTime(entry.lastActivity),
      action,
    })),
    summary: {
      restorable: count('restorable'),
      restored: count('restored'),
      wouldRestore: count('would-restore'),
      kept: count('kept'),
    },
    warnings: findings.map(findingLine),
  };
}
