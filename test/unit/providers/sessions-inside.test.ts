import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parentsInside, sessionsInside } from '../../../src/providers/sessions-inside.js';

const KIB = 1024;
const ID = '0199b1c2-3d4e-4f00-8a1b-2c3d4e5f6071';

function fileWith(content: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'cleanup-inside-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'session.jsonl');
  writeFileSync(file, content);
  return file;
}

function idIn(content: string): string | undefined {
  const found = sessionsInside(fileWith(content));
  expect(found.length).toBeLessThan(2);
  return found[0];
}

/** A first line whose `sessionId` value begins at this offset. */
function lineWithIdAt(offset: number): string {
  const [before, after] = ['{"summary":"', '","sessionId":'];
  const filler = 'x'.repeat(offset - before.length - after.length);
  return `${before}${filler}${after}"${ID}"}\n`;
}

describe('the sessionId inside a transcript', () => {
  it('is that of the first object, not of what it holds or what follows', () => {
    expect(idIn(`{"parent":{"sessionId":"x"},"sessionId":"${ID}"}\n{"sessionId":"y"}\n`)).toBe(ID);
  });

  it.each([5, 60, 70, 1000])('is found %i KiB down the first line', (kibibytes) => {
    expect(idIn(lineWithIdAt(kibibytes * KIB))).toBe(ID);
  });

  it.each([4, 64])('is whole, wherever the first %i KiB end', (kibibytes) => {
    for (let cut = -1; cut <= ID.length + 3; cut += 1) {
      expect(idIn(lineWithIdAt(kibibytes * KIB - cut))).toBe(ID);
    }
  });

  it('is not told beyond the first MiB', () => {
    expect(idIn(lineWithIdAt(1100 * KIB))).toBeUndefined();
  });

  it('is found in an object of several lines, as Gemini CLI wrote it before 0.40', () => {
    const chat = { sessionId: ID, messages: [{ sessionId: 'x' }, 'y'.repeat(10 * KIB)] };
    expect(idIn(JSON.stringify(chat, null, 2))).toBe(ID);
  });

  it.each([
    '',
    '{',
    '{"sessionId":',
    `{"sessionId":"${ID.slice(0, 20)}`,
    '{"sessionId":7}',
    '[]',
    'x',
  ])('is not told by %j', (content) => {
    expect(idIn(content)).toBeUndefined();
  });
});

describe('the parents that the first line of a rollout names', () => {
  const line = (payload: object): string =>
    `${JSON.stringify({ type: 'session_meta', payload })}\n`;

  it('are its parent thread and the session that a person talks to', () => {
    const path = fileWith(line({ id: 'own', session_id: 'top', parent_thread_id: 'parent' }));
    expect(parentsInside(path)).toEqual(['top', 'parent']);
  });

  it('are none where only later lines name one', () => {
    const path = fileWith(`${line({ id: 'own' })}${line({ parent_thread_id: 'other' })}`);
    expect(parentsInside(path)).toEqual([]);
  });

  it('are not what a text inside the line names', () => {
    const path = fileWith(line({ id: 'own', instructions: '"session_id": "quoted"' }));
    expect(parentsInside(path)).toEqual([]);
  });

  it.each([2, 5, 70])('are found behind %i KiB of instructions', (kibibytes) => {
    const path = fileWith(line({ text: 'x'.repeat(kibibytes * KIB), session_id: 'top' }));
    expect(parentsInside(path)).toEqual(['top']);
  });

  it('are none of a line that ends without one', () => {
    const path = fileWith(`${line({ text: 'x'.repeat(5 * KIB) })}${line({ session_id: 'top' })}`);
    expect(parentsInside(path)).toEqual([]);
  });
});

describe('a transcript that is not there', () => {
  it.each([sessionsInside, parentsInside])('is an error of the system call (%#)', (inside) => {
    expect(() => inside('/nowhere/x.jsonl')).toThrow(/ENOENT/);
  });
});
