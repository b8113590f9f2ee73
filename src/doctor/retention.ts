import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, warning } from '../output/finding.js';
import type { Roots } from '../providers/index.js';
import { readBeginning } from '../system/read-beginning.js';

// Both, where nothing else is set (Claude Code 1.0.44 to 2.1.330, Gemini CLI 0.10 to 0.61).
// A settings file has a few KiB.
const MOST_BYTES = 256 * 1024;
const DEFAULT_HOURS = 30 * 24;
const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 7 * 24, m: 30 * 24 };

/**
 * Warns where a CLI deletes its transcripts before their sessions count as idle: such mappings never
 * go by themselves. Claude Code: `cleanupPeriodDays`, in days; Gemini CLI: `general.sessionRetention`,
 * with a `maxAge` such as 24h, 30d, 4w, 1m; Codex CLI deletes nothing.
 */
export function checkRetention(roots: Roots, thresholdHours: number): Finding[] {
  const days = settings(roots.claude)['cleanupPeriodDays'];
  const claude = typeof days === 'number' ? days * 24 : DEFAULT_HOURS;
  const retention = object(object(settings(roots.gemini)['general'])['sessionRetention']);
  const gemini = retention['enabled'] === false ? Infinity : hoursIn(retention['maxAge']);
  const limits = [
    { root: roots.claude, label: 'Claude Code', name: 'cleanupPeriodDays', hours: claude },
    { root: roots.gemini, label: 'Gemini CLI', name: 'sessionRetention.maxAge', hours: gemini },
  ];
  return limits
    .filter(({ root, hours }) => hours <= thresholdHours && existsSync(root))
    .map(({ label, name, hours }) => {
      const message = `its ${name} deletes transcripts after ${hours}h, before they are idle for ${thresholdHours}h`;
      const fix = 'make it longer, the threshold shorter, or use --missing remove';
      return warning(label, message, fix);
    });
}

function hoursIn(age: unknown): number {
  const [, count, unit = ''] = /^(\d+)([hdwm])$/.exec(String(age)) ?? [];
  return count === undefined ? DEFAULT_HOURS : Number(count) * (HOURS[unit] ?? 0);
}

function settings(root: string): Readonly<Record<string, unknown>> {
  try {
    const text = Buffer.alloc(MOST_BYTES);
    const length = readBeginning(join(root, 'settings.json'), text);
    return object(JSON.parse(text.toString('utf8', 0, length)));
  } catch {
    // None, or with comments in it: then nothing is known of it.
    return {};
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
