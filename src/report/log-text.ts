import { printable } from '../output/printable.js';
import { hoursIdle, localTime } from '../output/time.js';
import { type CleanReport, countByState, type Row, summarize } from './clean-report.js';

/** A clean run for a log that is searched by line: one for each removal, and one for the run. */
export function logText(report: CleanReport): string {
  const removals = report.rows.filter(({ action }) => action === 'removed');
  const lines = [...removals.map((row) => removalLine(row, report)), summaryLine(report)];
  return `${lines.join('\n')}\n`;
}

function removalLine({ decision, via }: Row, { now, withBridge }: CleanReport): string {
  const { mapping, lastActivity } = decision;
  const name = printable(`${mapping.provider}/${mapping.chat}`);
  const why =
    lastActivity === null
      ? 'no transcript'
      : `idle for ${hoursIdle(lastActivity, now)}h (last: ${localTime(lastActivity)})`;
  const way = withBridge ? ` via the ${via}` : '';
  return `removed ${name}${way}: session ${printable(mapping.session ?? '?')}, ${why}`;
}

function summaryLine(report: CleanReport): string {
  const { checked, removed, writtenBack } = summarize(report);
  const counts = Object.entries(countByState(report.rows))
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const states = counts.length > 0 ? ` (${counts.join(', ')})` : '';
  const back = writtenBack > 0 ? `, ${writtenBack} written back by the bridge` : '';
  return `${checked} checked${states}, ${removed} removed${back}; threshold ${report.thresholdHours}h`;
}
