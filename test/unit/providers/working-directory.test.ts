import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { claude } from '../../../src/providers/claude.js';
import { codex } from '../../../src/providers/codex.js';
import { gemini } from '../../../src/providers/gemini.js';
import { newRoot, put } from './directory.js';

let root: string;

beforeEach(() => {
  root = newRoot();
});

function file(path: string, content: string): string {
  return put(join(root, path), content);
}

describe('the directory that a session works in', () => {
  it('stands in a message of Claude Code, not always in the first', () => {
    const lines = [{ type: 'summary' }, { cwd: '/srv/"my" \\ work', type: 'user' }];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    expect(claude.projectOf(file('projects/-srv/s.jsonl', text))).toBe('/srv/"my" \\ work');
  });

  it('is not what a message quotes', () => {
    const text = `${JSON.stringify({ message: '{"cwd":"/quoted"}' })}\n{"cwd": "/srv"}\n`;
    expect(claude.projectOf(file('projects/-srv/s.jsonl', text))).toBe('/srv');
  });

  it("is told by Claude Code's name for the project where no message does", () => {
    expect(claude.projectOf(file('projects/-srv-work/s.jsonl', '{}\n'))).toBe('-srv-work');
    expect(claude.projectOf(join(root, 'projects/-gone/s.jsonl'))).toBe('-gone');
  });

  it("stands in the first line of Codex's rollout, or nowhere", () => {
    const line = JSON.stringify({ type: 'session_meta', payload: { cwd: '/srv' } });
    expect(codex.projectOf(file('sessions/a.jsonl', `${line}\n`))).toBe('/srv');
    expect(codex.projectOf(file('sessions/b.jsonl', '{}\n'))).toBeNull();
  });

  it('stands beside the chats of Gemini CLI, else its name for the project does', () => {
    const chat = file('tmp/work/chats/session-1.jsonl', '{}\n');
    expect(gemini.projectOf(chat)).toBe('work');
    file('tmp/work/.project_root', '/srv/work\n');
    expect(gemini.projectOf(chat)).toBe('/srv/work');
  });
});
