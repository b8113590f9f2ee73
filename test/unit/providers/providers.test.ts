import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claude } from '../../../src/providers/claude.js';
import { codex } from '../../../src/providers/codex.js';
import { gemini } from '../../../src/providers/gemini.js';
import type { Provider } from '../../../src/providers/provider.js';
import { isPossibleSessionId, uuidV7Time } from '../../../src/providers/session-id.js';

const ID = '0199b1c2-3d4e-7f00-8a1b-2c3d4e5f6071';
const PREFIX = ID.slice(0, 8);

/** What a path below a CLI's root stands for. */
function entryAt(provider: Provider, path: string): unknown {
  const names = path.split('/');
  return provider.entryOf(names.slice(0, -1), names.at(-1) ?? '');
}

const whole = { names: 'whole', session: ID };

describe('Claude Code names its files', () => {
  it.each([
    [`projects/-srv/${ID}.jsonl`, whole],
    ['projects/-srv/agent-0a1b2c3d.jsonl', { names: 'sub-agent', session: 'agent-0a1b2c3d' }],
    ['projects/-srv/agent-smith.jsonl', { names: 'whole', session: 'agent-smith' }],
    ['projects/-srv/my-agent-0a.jsonl', { names: 'whole', session: 'my-agent-0a' }],
    [`projects/-srv/${ID}`, { names: 'directory', session: ID }],
    ['projects/-srv', { names: 'directory' }],
    ['projects', { names: 'directory' }],
    ['todos', undefined],
    [`${ID}.jsonl`, undefined],
  ])('%s', (path, entry) => {
    expect(entryAt(claude, path)).toEqual(entry);
  });
});

describe('Gemini CLI names its files', () => {
  const begun = { names: 'begun', session: PREFIX };
  it.each([
    [`tmp/work/chats/session-2026-11-20T10-15-${PREFIX}.jsonl`, begun],
    [`tmp/work/chats/session-2026-11-20T10-15-30-${PREFIX}.jsonl`, begun],
    [`tmp/work/chats/session-2026-11-20T10-15-${PREFIX}.json`, begun],
    [`tmp/work/chats/session-2026-11-20T10-15-${ID}.json`, whole],
    [`tmp/work/chats/session-${ID}.jsonl`, whole],
    [`tmp/work/chats/${ID}`, { names: 'directory', session: ID }],
    [
      `tmp/work/chats/session-${PREFIX}.jsonl.tmp-1`,
      { names: 'directory', session: `session-${PREFIX}.jsonl.tmp-1` },
    ],
    ['tmp/work/chats', { names: 'directory' }],
    ['tmp/work/tool-outputs', undefined],
    ['tmp/work', { names: 'directory' }],
    ['tmp', { names: 'directory' }],
    ['history', undefined],
  ])('%s', (path, entry) => {
    expect(entryAt(gemini, path)).toEqual(entry);
  });
});

describe('Codex CLI names its files', () => {
  it.each([
    [`sessions/2026/11/20/rollout-2026-11-20T10-15-00-${ID}.jsonl`, whole],
    [`sessions/2026/11/20/rollout-2026-11-20T10-15-00-${ID}.jsonl.zst`, whole],
    [`sessions/2026/11/20/rollout-2026-11-20T10-15-00-123Z-${ID}.jsonl`, whole],
    [`sessions/2026/11/20/converted-${ID}.jsonl`, whole],
    [`archived_sessions/rollout-2026-11-20T10-15-00-${ID}.jsonl`, whole],
    [`sessions/${ID}.jsonl`, whole],
    ['sessions/my-thread.jsonl', { names: 'whole', session: 'my-thread' }],
    [
      'sessions/2026/11/20/rollout-2026-11-20T10-15-00-my-thread.jsonl',
      { names: 'whole', session: 'my-thread' },
    ],
    [`sessions/${ID}-draft.jsonl`, { names: 'whole', session: `${ID}-draft` }],
    [`sessions/2026/11/20/rollout-compress-${ID}.jsonl`, undefined],
    [`sessions/2026/11/20/rollout-materialize-${ID}.jsonl.zst`, undefined],
    [`sessions/2026/11/20/${ID}.jsonl.bak`, undefined],
    ['sessions', { names: 'directory' }],
    ['sessions/2026', { names: 'directory' }],
    ['sessions/2026/11/20', { names: 'directory' }],
    ['sessions/2026/11/20/deeper', undefined],
    ['archived_sessions', { names: 'directory' }],
    ['archived_sessions/2026', undefined],
    ['log', undefined],
  ])('%s', (path, entry) => {
    expect(entryAt(codex, path)).toEqual(entry);
  });

  it.each([
    ['sessions/2025', '2026-01-03'],
    ['sessions/2025/10', '2025-11-03'],
    ['sessions/2025/12', '2026-01-03'],
    ['sessions/2025/10/01', '2025-10-04'],
    ['sessions/2025/12/31', '2026-01-03'],
  ])('%s has no session that began after %s, wherever in the world', (directory, date) => {
    expect(codex.endOf?.(directory.split('/'))).toBe(Date.parse(date));
  });

  it.each(['sessions', 'archived_sessions', 'sessions/notes', 'sessions/2025/x'])(
    '%s tells no time',
    (directory) => {
      expect(codex.endOf?.(directory.split('/'))).toBeUndefined();
    },
  );
});

describe("all that lies below it is the session's", () => {
  it.each([
    [claude, `projects/-srv/${ID}/subagents`, ID],
    [claude, `projects/-srv/${ID}`, ID],
    [claude, 'projects/-srv', undefined],
    [gemini, `tmp/work/chats/${ID}`, ID],
    [gemini, 'tmp/work/chats', undefined],
    [codex, 'sessions/2026/11/20', undefined],
  ])('%#: %s', (provider, directory, owner) => {
    expect(provider.ownerOf(directory.split('/'))).toBe(owner);
  });
});

describe('the command that takes a session up again', () => {
  it.each([
    [claude, `/home/me/.claude/projects/-srv/${ID}.jsonl`, `claude --resume ${ID}`],
    [gemini, '/home/me/.gemini/tmp/work/chats/session-1.jsonl', `gemini --resume ${ID}`],
    [codex, '/home/me/.codex/sessions/2026/11/20/rollout-1.jsonl', `codex resume ${ID}`],
    [codex, '/home/me/.codex/archived_sessions/rollout-1.jsonl', ''],
  ])('%#: %s', (provider, transcript, command) => {
    expect(provider.resumeCommand(ID, transcript).join(' ')).toBe(command);
  });
});

describe('the root of a CLI', () => {
  it.each([
    [claude, 'CLAUDE_CONFIG_DIR', '/srv/x'],
    [gemini, 'GEMINI_CLI_HOME', '/srv/x/.gemini'],
    [codex, 'CODEX_HOME', '/srv/x'],
  ])('%#: is moved by %s', (provider, variable, root) => {
    expect(provider.rootVariable).toBe(variable);
    expect(provider.rootFrom('/srv/x')).toBe(root);
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
