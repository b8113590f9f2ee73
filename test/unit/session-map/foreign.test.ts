import { describe, expect, it } from 'vitest';
import { mappingsOf, parseSessionMapText } from '../../../src/session-map/parse.js';

const A = '0856b851-1111-4111-8111-111111111111';
const B = 'b1c8d3f9-2222-4222-8222-222222222222';

describe("a file that is no bridge's map", () => {
  it.each([
    ['tmux windows', { 'ccbot:@0': { session_id: A, cwd: '/w', window_name: 'w' } }],
    ['windows without a session', { '@0': { session_id: A }, '@12': { session_id: B } }],
    ['windows of plain values', { 'main:@0': A, 'main:@3': B }],
    ['windows by their names', { app: { session_id: A, cwd: '/w', window_name: 'app' } }],
    ['windows by their names, of old', { app: { session_id: A, cwd: '/srv/app' } }],
    [
      'windows of several CLIs',
      { 'b:@1': { session_id: A, provider_name: 'claude' }, 'b:@2': { session_id: B } },
    ],
    ['a window beside a section', { 'claude-cli': { a: A }, 'b:@1': { session_id: B } }],
    ['a chat beside windows', { chat: A, app: { session_id: B, transcript_path: '/t' } }],
    ["a CLI's record", { claude: { session_id: A, cwd: '/w' } }],
    ["a CLI's short record", { 'claude-cli': { sessionId: A } }],
    ["a CLI's record of other names", { codex: { resume: A, model: 'o' } }],
    ['records of all CLIs', { claude: { session_id: A }, codex: { session_id: B } }],
    ["a record beside a CLI's section", { 'claude-cli': { a: A }, codex: { sessionId: B } }],
    ['sessions by ids of their own', { ses_abc: { claudeSessionId: A, lastUsedAt: 1 } }],
    ['chats of an SDK', { 'telegram:5': { sdkSessionId: A } }],
    ['a state file', { version: 1, chats: { k: { sessions: { claude: { resume: A } } } } }],
    ['a flatter state file', { version: 1, chats: { k: A } }],
    ['a state file with a text as version', { version: '1', chats: { k: A } }],
    ['a state file of nothing', { version: '1', chats: {} }],
    ['sessions of an agent', { version: 1, sessions: { s1: { agent_session_id: A } } }],
    ['sessions with their directories', { sessions: { s1: { session_id: A, cwd: '/w' } } }],
    ['one record', { session_id: A, cwd: '/w' }],
    ['one record with a section', { cwd: '/w', 'claude-cli': { a: A } }],
    ['a list', { sessions: [A, B] }],
    ['a package', { name: 'x', version: '1.0.0', scripts: { test: 'x' } }],
  ])('%s: is refused, in words that say what it looks like', (_what, value) => {
    expect(() => parseSessionMapText(JSON.stringify(value))).toThrow(
      /^is no bridge's map of chats: it looks like [^\n]+"[^\n]+"/,
    );
  });
});

describe("a bridge's map", () => {
  const chatsOf = (value: unknown): string[] =>
    mappingsOf(parseSessionMapText(JSON.stringify(value))).map(({ provider, chat, session }) =>
      [provider, chat, session].join(' '),
    );

  it.each([
    [{}, []],
    [{ 'claude-cli': {} }, []],
    [{ 'claude-cli': { a: A }, 'codex-cli': {} }, [`claude-cli a ${A}`]],
    [
      { 'claude-cli': { a: A }, 'devstral-small-2': { b: B }, 'interactive-discussion': {} },
      [`claude-cli a ${A}`, `devstral-small-2 b ${B}`],
    ],
    [{ 'devstral-small-2': { b: B } }, [`devstral-small-2 b ${B}`]],
    [{ 'claude-cli': { a: { session_id: A, cwd: '/w', createdAt: 1 } } }, [`claude-cli a ${A}`]],
    [{ 'claude-cli': { 'ccbot:@0': A } }, [`claude-cli ccbot:@0 ${A}`]],
    [
      { 'claude-cli': { 'telegram:111': A, '..': B } },
      [`claude-cli telegram:111 ${A}`, `claude-cli .. ${B}`],
    ],
    [{ 'claude-cli': { model: A, test: B } }, [`claude-cli model ${A}`, `claude-cli test ${B}`]],
    [{ a: A, b: B }, [`claude-cli a ${A}`, `claude-cli b ${B}`]],
    [{ a: { session_id: A, model: 'x' }, b: B }, [`claude-cli a ${A}`, `claude-cli b ${B}`]],
    [{ 'room:@1': A, b: B }, [`claude-cli room:@1 ${A}`, `claude-cli b ${B}`]],
  ])('%j stays one', (value, mappings) => {
    expect(chatsOf(value)).toEqual(mappings);
  });

  it('may have a record beside its sections, which is no section', () => {
    const map = parseSessionMapText(
      JSON.stringify({ 'claude-cli': { a: A }, state: { cwd: '/w', session_id: B }, version: 1 }),
    );
    expect(mappingsOf(map).map(({ chat }) => chat)).toEqual(['a']);
    expect(map.oddities).toEqual(['state', 'version']);
  });
});
