import { colorsFor } from '../output/colors.js';
import { counted } from '../output/counted.js';
import { localTime } from '../output/local-time.js';
import { printable } from '../output/printable.js';
import { shortNames } from '../output/short-names.js';
import { wrapped } from '../output/table.js';
import type { TextStyle } from './clean-text.js';
import type { RestoreReport, RestoreRow } from './restore-report.js';

const INDENT = '      ';
const WORDS: Readonly<Record<RestoreRow['action'] | 'no-room', string>> = {
  restorable: '↩️  ',
  restored: '✅ Restored ',
  'would-restore': '[DRY RUN] Would restore ',
  kept: '⚠️  Kept, the chat is mapped meanwhile: ',
  'no-room': '⚠️  Not restored, the map is flat and holds claude-cli only: ',
};

/** What a line takes beside the chat's id. */
const BESIDE_CHAT = 68;
const USUAL_WIDTH = 80;
/** One that was put back is named alone: its beginning says less than beside others. */
const NAME_ROOM = 24;

/**
 * What can be, or was, put back. Times are local.
 *
 * @param width of the terminal in cells; undefined for none
 */
export async function restoreText(
  report: RestoreReport,
  { color, verbose }: TextStyle,
  width: number | undefined,
): Promise<string> {
  const colors = await colorsFor(color);
  const entries = report.rows.map(({ removal }) => removal.entry);
  const chats = entries.map(({ chat }) => chat);
  const sessions = entries.map(({ session }) => session);
  const room = Math.max((width ?? USUAL_WIDTH) - BESIDE_CHAT, report.isListing ? 0 : NAME_ROOM);
  const chat = verbose ? printable : shortNames(chats, room);
  const session = verbose ? printable : shortNames(sessions);
  const lines = report.rows.map((row) => rowLine(row, chat, session));
  if (report.isListing || !report.hasMap) return listing(report, lines, width);
  const count = report.rows.filter(({ action }) => action !== 'kept').length;
  const verb = report.dryRun ? '[DRY RUN] Would restore' : 'Restored';
  lines.push(colors.bold(`${verb}: ${counted(count, 'mapping')}`));
  if (!report.dryRun && count > 0) {
    lines.push(
      'Sessions that are still idle when the next run comes are cleaned again.',
      'A running bridge takes them up at its next start, and writes its own memory over them before: restart it now.',
    );
  }
  return text(lines, width);
}

function listing(
  { rows, hasMap, map }: RestoreReport,
  lines: readonly string[],
  width?: number,
): string {
  if (!hasMap)
    return text([`No session map at ${printable(map)} yet: nothing can be restored`], width);
  if (rows.length === 0) return text([`Nothing can be restored to ${printable(map)}`], width);
  const head = `${counted(rows.length, 'removed mapping')} can be restored to ${printable(map)}, newest first:`;
  const end =
    'Say which: --all, --last (those of the last run that removed some), or their chats; --replace puts one back over a newer mapping.';
  return text([head, ...lines, end], width);
}

function text(lines: readonly string[], width: number | undefined): string {
  return lines
    .flatMap((line) => wrapped(line, width, INDENT))
    .map((line) => `${line}\n`)
    .join('');
}

type Naming = (id: string) => string;

function rowLine({ removal, action }: RestoreRow, chat: Naming, session: Naming): string {
  const { entry, obstacle } = removal;
  const words = WORDS[action === 'kept' && obstacle === 'flat' ? 'no-room' : action];
  const name = `${printable(entry.provider)}/${chat(entry.chat)}`;
  return `  ${words}${name}: Session ${session(entry.session)} (removed: ${localTime(Date.parse(entry.at))})`;
}
