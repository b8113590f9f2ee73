import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sessionIdInside } from '../../../src/providers/session-id-inside.js';

const KIB = 1024;
const ID = '0199b1c2-3d4e-4f00-8a1b-2c3d4e5f6071';

function idIn(content: string): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'cleanup-inside-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'session.jsonl');
  writeFileSync(file, content);
  return sessionIdInside(file);
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
