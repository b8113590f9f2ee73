import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../src/journal/entries.js';
import { localTime } from '../../../src/output/time.js';
import {
  detailLines,
  removedLines,
  resumeCommand,
  transcriptLines,
  weighed,
} from '../../../src/report/details.js';
import { FoundActivity } from '../../../src/sessions/activity.js';
import { decide, type Policy } from '../../../src/sessions/decide.js';
import { Home, uuid } from '../../support/home.js';
import { HOUR_MS, rowOf } from './report-of.js';

const REMOVED_AT = '2026-11-29T10:00:00.000Z';

function removal(chat: string): JournalEntry {
  const names = { provider: 'claude-cli', chat, session: uuid(7) };
  return { op: 'remove', run: 'r', at: REMOVED_AT, raw: '""', lastActivity: null, ...names };
}

/** What is weighed of the words in a real home, where two chats are mapped. */
function weighedIn(home: Home, words: readonly string[], policy: Partial<Policy> = {}) {
  const mappings = ['telegram:111', 'telegram:222'].map(
    (chat, at) => rowOf({ mapping: { chat, session: uuid(at + 1) } }).decision.mapping,
  );
  const rules: Policy = {
    now: Date.now(),
    thresholdMsOf: () => 2 * HOUR_MS,
    isKept: () => false,
    missing: 'keep',
    missingSince: () => undefined,
    keepRunning: true,
    ...policy,
  };
  const roots = {
    claude: join(home.dir, '.claude'),
    gemini: join(home.dir, '.gemini'),
    codex: join(home.dir, '.codex'),
  };
  const activity = new FoundActivity(mappings, roots, rules);
  const decisions = decide(mappings, activity, rules);
  const done: JournalEntry = {
    ...{ op: 'done', run: 'r', at: REMOVED_AT, kept: [], unsure: [], collisions: 0 },
  };
  const journal = [done, removal('telegram:111'), removal('long-gone'), removal('never-asked')];
  const { mapped, gone } = weighed(words, { decisions, activity, policy: rules }, journal);
  const chats = [...mapped].map(([{ mapping }, its]) => [mapping.chat, its] as const);
  return { mapped: Object.fromEntries(chats), gone: gone.map(({ chat }) => chat) };
}

describe('what is weighed of named chats', () => {
  it('is about those that a word means, mapped or removed, each once', () => {
    const chats = (...words: string[]) => {
      const { mapped, gone } = weighedIn(new Home(), words);
      return [...Object.keys(mapped), ...gone];
    };
    expect(chats('telegram:222')).toEqual(['telegram:222']);
    expect(chats('telegram', 'claude-cli/telegram:111')).toEqual(['telegram:111', 'telegram:222']);
    expect(chats('long-gone', 'long-gon')).toEqual(['long-gone']);
    expect(() => chats('telegram:222', 'nobody')).toThrow("no chat 'nobody' is mapped");
  });

  it('has its files, the newest first, and its former removals', () => {
    const home = new Home();
    const transcript = home.claude(uuid(1), 5);
    const agent = home.file(`.claude/projects/-srv-work/${uuid(1)}/subagents/agent-a.jsonl`, 3);
    const of = weighedIn(home, ['telegram:111'], { isKept: () => true }).mapped['telegram:111'];
    expect(of?.files.map(({ path, part }) => [path, part])).toEqual([
      [agent, 'extra'],
      [transcript, 'transcript'],
    ]);
    expect(of).toMatchObject({
      obstacles: [],
      process: 'none',
      thresholdHours: 2,
      isKept: true,
      missingSince: null,
      resume: `claude --resume ${uuid(1)}`,
      removals: [{ removedAt: REMOVED_AT, session: uuid(7), lastActivity: null }],
    });
  });

  it('tells since when there is no transcript, of one that lacks it', () => {
    const home = new Home();
    home.claude(uuid(2), 5);
    const since = { missingSince: () => Date.parse(REMOVED_AT) };
    const { mapped } = weighedIn(home, ['telegram'], since);
    expect(mapped['telegram:111']).toMatchObject({ missingSince: REMOVED_AT, resume: null });
    expect(mapped['telegram:222']).toMatchObject({ missingSince: null, removals: [] });
  });
});

describe('the details of a mapping', () => {
  const session = '0856b851-0000-4000-8000-000000000000';
  const { decision } = rowOf({ keptBecause: 'rule' });

  it('are its whole names, its transcript and the way back', () => {
    expect(detailLines(decision)).toEqual([
      'Chat: claude-cli/dace53ab-1111',
      `Session: ${session}`,
      `Transcript: ${decision.transcript}`,
      `Resume: claude --resume ${session}`,
    ]);
    const without = rowOf({ transcript: null, mapping: { session: null } }).decision;
    expect(detailLines(without)).toEqual(['Chat: claude-cli/dace53ab-1111']);
    expect(transcriptLines(without)).toEqual([]);
    expect(resumeCommand(without)).toBe(null);
  });

  it('have a line for each value that was weighed, in words and in local time', () => {
    const path = '/srv/\u001b[2J.jsonl';
    const lines = detailLines(decision, ['claude-cli/a', 'claude-cli/b'], {
      files: [{ path, part: 'extra', modified: REMOVED_AT }],
      obstacles: ['/srv/x.jsonl: permission denied'],
      process: 'perhaps',
      thresholdHours: 1.5,
      isKept: true,
      missingSince: REMOVED_AT,
      resume: `claude --resume ${session}`,
      removals: [{ removedAt: REMOVED_AT, session, lastActivity: null }],
    });
    const time = localTime(Date.parse(REMOVED_AT));
    expect(lines.slice(4)).toEqual([
      'Shared with: claude-cli/a',
      'Shared with: claude-cli/b',
      'Decision: stays: --keep names it',
      'Threshold: 1.5 hours',
      'Process: may run: what shows it could not be read, or can be read either way',
      `File: ${time} extra /srv/\\u{1b}[2J.jsonl`,
      'In doubt: /srv/x.jsonl: permission denied',
      `No transcript since: ${time}`,
      `Removed: ${time} session ${session} (no transcript)`,
    ]);
  });

  it('of a chat that is no longer mapped are its removals, and how it comes back', () => {
    const lastActivity = '2026-11-29T01:00:00.000Z';
    const removals = [{ removedAt: REMOVED_AT, session, lastActivity }];
    const [removedAt, last] = [REMOVED_AT, lastActivity].map((time) => localTime(Date.parse(time)));
    expect(removedLines({ provider: 'claude-cli', chat: 'a', removals })).toEqual([
      `Removed: ${removedAt} session ${session} (last: ${last})`,
      'To put it back: claude-session-cleanup restore claude-cli/a',
    ]);
  });
});
