import { colorsFor } from '../output/colors.js';
import { localTime } from '../output/local-time.js';
import { printable, shortId } from '../output/printable.js';
import type { TextStyle } from './clean-text.js';
import type { RestoreReport, RestoreRow } from './restore-report.js';

const WORDS: Readonly<Record<RestoreRow['action'] | 'no-room', string>> = {
  restorable: '↩️  ',
  restored: '✅ Restored ',
  'would-restore': '[DRY RUN] Would restore ',
  kept: '⚠️  Kept, the chat is mapped meanwhile: ',
  'no-room': '⚠️  Not restored, the map is flat and holds claude-cli only: ',
};

/** What can be, or was, put back. Times are local. */
export async function restoreText(report: RestoreReport, style: TextStyle): Promise<string> {
  const colors = await colorsFor(style.color);
  const lines = report.rows.map((row) => rowLine(row, style));
  if (report.isListing) return `${listing(report, lines)}\n`;
  const count = report.rows.filter(({ action }) => action !== 'kept').length;
  const verb = report.dryRun ? '[DRY RUN] Would restore' : 'Restored';
  lines.push(colors.bold(`${verb}: ${count} mappings`));
  if (!report.dryRun && count > 0) {
    lines.push(
      'Sessions that are still idle when the next run comes are cleaned again.',
      'A running bridge takes them up at its next start, and writes its own memory over them before: restart it now.',
    );
  }
  return `${lines.join('\n')}\n`;
}

function listing({ rows, map }: RestoreReport, lines: readonly string[]): string {
  if (rows.length === 0) return `Nothing can be restored to ${printable(map)}`;
  return [
    `${rows.length} removed mappings can be restored to ${printable(map)}, newest first:`,
    ...lines,
    'Say which: --all, --last (those of the last run that removed some), or their chats.',
  ].join('\n');
}

function rowLine({ removal, action }: RestoreRow, { verbose }: TextStyle): string {
  const { entry, obstacle } = removal;
  const words = WORDS[action === 'kept' && obstacle === 'flat' ? 'no-room' : action];
  const id = verbose ? printable : shortId;
  const name = `${printable(entry.provider)}/${id(entry.chat)}`;
  return `  ${words}${name}: Session ${id(entry.session)} (removed: ${localTime(Date.parse(entry.at))})`;
}
