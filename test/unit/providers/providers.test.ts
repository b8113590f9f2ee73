import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claude } from '../../../src/providers/claude.js';
import { codex } from '../../../src/providers/codex.js';
import { gemini } from '../../../src/providers/gemini.js';
import { familyOf } from '../../../src/providers/index.js';
import type { Wanted } from '../../../src/providers/provider.js';
import { isPossibleSessionId, uuidV7Time } from '../../../src/providers/session-id.js';

const ID = '0199b1c2-3d4e-7f00-8a1b-2c3d4e5f6071';
const PREFIX = ID.slice(0, 8);

function wanted(...sessions: string[]): Wanted {
  return {
    has: (session) => sessions.includes(session),
    hasPrefix: (prefix) => sessions.some((session) => session.startsWith(prefix)),
    oldestStart: uuidV7Time(sessions[0] ?? ''),
  };
}

describe('Claude Code names its files', () => {
  it.each([
    [`projects/-srv/${ID}.jsonl`, { by: 'name', session: ID, part: 'transcript' }],
    [`projects/-srv/${ID}/subagents/agent-1a.jsonl`, { by: 'name', session: ID, part: 'extra' }],
    [
      'projects/-srv/agent-0a1b2c3d.jsonl',
      { by: 'folder', session: 'agent-0a1b2c3d', part: 'extra' },
    ],
  ])('%s', (path, claim) => {
    expect(claude.claim(path.split('/'))).toEqual(claim);
  });
});

describe('Gemini CLI names its files', () => {
  it.each([
    [
      `session-2026-11-20T10-15-${PREFIX}.jsonl`,
      { by: 'content', prefix: PREFIX, part: 'transcript' },
    ],
    [
      `session-2026-11-20T10-15-${PREFIX}.json`,
      { by: 'content', prefix: PREFIX, part: 'transcript' },
    ],
    [`session-2026-11-20T10-15-${ID}.json`, { by: 'name', session: ID, part: 'transcript' }],
    [`session-${ID}.jsonl`, { by: 'name', session: ID, part: 'transcript' }],
    [`${ID}/agent.jsonl`, { by: 'name', session: ID, part: 'extra' }],
    [`session-2026-11-20T10-15-${PREFIX}.jsonl.tmp-1`, undefined],
  ])('%s', (name, claim) => {
    expect(gemini.claim(['tmp', 'work', 'chats', ...name.split('/')])).toEqual(claim);
  });
});

describe('Codex CLI names its files', () => {
  const claim = { by: 'name', session: ID, part: 'transcript' };
  it.each([
    [`sessions/2026/11/20/rollout-2026-11-20T10-15-00-${ID}.jsonl`, claim],
    [`sessions/2026/11/20/rollout-2026-11-20T10-15-00-${ID}.jsonl.zst`, claim],
    [`archived_sessions/rollout-2026-11-20T10-15-00-${ID}.jsonl`, claim],
    [`sessions/${ID}.jsonl`, claim],
    [`sessions/2026/11/20/rollout-compress-${ID}.jsonl`, undefined],
    [`sessions/2026/11/20/rollout-materialize-${ID}.jsonl.zst`, undefined],
  ])('%s', (path, expected) => {
    expect(codex.claim(path.split('/'))).toEqual(expected);
  });

  it.each([
    [['sessions'], '2025', 'keep'],
    [['sessions'], '2024', 'too-old'],
    [['sessions', '2025'], '10', 'keep'],
    [['sessions', '2025'], '09', 'too-old'],
    [['sessions', '2025', '10'], '04', 'keep'],
    [['sessions', '2025', '10'], '01', 'too-old'],
    [['sessions', '2025', '10', '01'], 'x', 'skip'],
    [['sessions'], `${ID}.jsonl`, 'skip'],
    [['sessions', '2026', '01'], '01', 'keep'],
    [['sessions'], 'notes', 'keep'],
  ])('a session of 2025-10-04 could lie in %j %s: %s', (directory, name, kind) => {
    const id = '0199b147-a100-7000-8000-000000000000';
    expect(new Date(uuidV7Time(id) ?? 0).toISOString().slice(0, 10)).toBe('2025-10-04');
    expect(codex.classify(directory, name, true, wanted(id))).toBe(kind);
  });

  it('enters every date folder when an id does not tell its time', () => {
    const v4 = '01020304-0506-4708-890a-0b0c0d0e0f10';
    expect(codex.classify(['sessions'], '2001', true, wanted(v4))).toBe('keep');
  });
});

describe('only what could be of a mapped session is looked at', () => {
  it.each([
    [claude, ['projects', '-srv'], `${ID}.jsonl`, false, 'keep'],
    [claude, ['projects', '-srv'], 'other.jsonl', false, 'other-transcript'],
    [claude, ['projects', '-srv'], 'sessions-index.json', false, 'skip'],
    [claude, ['projects', '-srv'], ID, true, 'keep'],
    [claude, ['projects', '-srv'], 'memory', true, 'skip'],
    [gemini, ['tmp', 'x'], 'chats', true, 'keep'],
    [gemini, ['tmp', 'x'], 'tool-outputs', true, 'skip'],
    [gemini, ['tmp', 'x', 'chats'], `session-1-${PREFIX}.jsonl`, false, 'other-transcript'],
    [gemini, ['tmp', 'x', 'chats'], `session-2026-11-20T10-15-${PREFIX}.jsonl`, false, 'keep'],
    [
      gemini,
      ['tmp', 'x', 'chats'],
      'session-2026-11-20T10-15-ffffffff.jsonl',
      false,
      'other-transcript',
    ],
  ] as const)('%#', (provider, directory, name, isDirectory, kind) => {
    expect(provider.classify([...directory], name, isDirectory, wanted(ID))).toBe(kind);
  });
});

describe('a section belongs to the CLI that its name begins with', () => {
  it.each([
    ['claude-cli', 'claude'],
    ['codex', 'codex'],
    ['gemini-2.5', 'gemini'],
    ['claudette', undefined],
    ['', undefined],
    ['__proto__', undefined],
    ['my-claude', undefined],
  ])('%j: %s', (section, family) => {
    expect(familyOf(section)).toBe(family);
  });
});

describe('ids from outside', () => {
  it('that could be read as a glob, a path or an option are no session ids', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        if (/[^A-Za-z0-9_.-]/.test(id) || /^[-.]/.test(id) || id === '') {
          expect(isPossibleSessionId(id)).toBe(false);
        }
      }),
    );
  });

  it('that are UUIDs are', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(isPossibleSessionId(id)).toBe(true);
      }),
    );
  });

  it('tell their time when they are UUIDv7', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 47 }), (time) => {
        const hex = time.toString(16).padStart(12, '0');
        const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-9def-0123456789ab`;
        expect(uuidV7Time(id)).toBe(time);
      }),
    );
    expect(uuidV7Time('01020304-0506-4708-890a-0b0c0d0e0f10')).toBeUndefined();
  });
});
