import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, warning } from '../output/finding.js';
import type { Roots } from '../providers/index.js';

/**
 * Warns where a CLI deletes its transcripts before their sessions count as idle: such mappings never
 * go by themselves. Claude Code: `cleanupPeriodDays`, in days; Gemini CLI: `general.sessionRetention`,
 * with a `maxAge` such as 24h, 30d, 4w, 1m; Codex CLI deletes nothing.
 */
export function checkRetention(roots: Roots, thresholdHours: number): Finding[] {
  const claude = settings(roots.claude)['cleanupPeriodDays'];
  const gemini = object(object(settings(roots.gemini)['general'])['sessionRetention']);
  const limits: [string, string, string, number | undefined][] = [
    [
      roots.claude,
      'Claude Code',
      'cleanupPeriodDays',
      typeof claude === 'number' ? claude * 24 : DEFAULT_HOURS,
    ],
    [
      roots.gemini,
      'Gemini CLI',
      'general.sessionRetention.maxAge',
      gemini['enabled'] === false ? undefined : (hoursIn(gemini['maxAge']) ?? DEFAULT_HOURS),
    ],
  ];
  return limits.flatMap(([root, label, setting, hours]) =>
    hours === undefined || hours > thresholdHours || !existsSync(root)
      ? []
      : [
          warning(
            label,
            `its ${setting} deletes transcripts after ${hours}h, before they are idle for ${thresholdHours}h`,
            `make it longer, the threshold shorter, or use --missing remove`,
          ),
        ],
  );
}

// Both, where nothing else is set (Claude Code 1.0.44 to 2.1.330, Gemini CLI 0.10 to 0.61).
const DEFAULT_HOURS = 30 * 24;
const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 7 * 24, m: 30 * 24 };

function hoursIn(age: unknown): number | undefined {
  const found = /^(\d+)([hdwm])$/.exec(typeof age === 'string' ? age : '');
  const unit = HOURS[found?.[2] ?? ''];
  return unit === undefined ? undefined : Number(found?.[1]) * unit;
}

function settings(root: string): Readonly<Record<string, unknown>> {
  try {
    return object(JSON.parse(readFileSync(join(root, 'settings.json'), 'utf8')));
  } catch {
    // None, or with comments in it: then nothing is known of it.
    return {};
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
