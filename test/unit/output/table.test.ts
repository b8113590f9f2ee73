import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { tableLines, widthOf, wrapped } from '../../../src/output/table.js';

describe('a table', () => {
  it('has its cells below each other, and nothing behind the last', () => {
    const rows = [
      ['CHAT', 'STATE'],
      ['a', 'idle'],
      ['二二', ''],
    ];
    expect(tableLines(rows, [5, 6])).toEqual(['CHAT   STATE', 'a      idle', '二二']);
  });

  it('cuts what is wider than its column, between two characters', () => {
    expect(tableLines([['abcdef', '🚀🚀🚀']], [4, 4])).toEqual(['abc…  🚀…']);
  });
});

describe('a text that is wider than its lines', () => {
  const line = '  🧹 claude-cli/a: Session b idle for 16.2h (last: 2025-12-06 19:07:56)';

  it('goes on below, indented, with its date whole', () => {
    expect(wrapped(line, 60, '     ')).toEqual([
      '  🧹 claude-cli/a: Session b idle for 16.2h (last:',
      '     2025-12-06 19:07:56)',
    ]);
  });

  it('stays as it is where it fits, or no width is set', () => {
    expect(wrapped(line, 71)).toEqual([line]);
    expect(wrapped(line, undefined)).toEqual([line]);
  });

  it('breaks a word that fits no line', () => {
    expect(wrapped('path: /srv/very/long/name', 12, '  ')).toEqual([
      'path:',
      '  /srv/very/',
      '  long/name',
    ]);
  });

  it('does not count colours', () => {
    expect(wrapped('\u001b[32mactive\u001b[39m now', 10)).toEqual([
      '\u001b[32mactive\u001b[39m now',
    ]);
  });

  it('fits, and loses nothing but blanks, whatever it is', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 8 });
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 60 }), (all, width) => {
        const text = all.join(' ').replaceAll(/\p{C}/gu, 'x');
        const lines = wrapped(text, width, '  ');
        for (const each of lines) expect(stringWidth(each)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  it('is measured in the cells of a terminal', () => {
    expect([widthOf('abc'), widthOf('二'), widthOf('\u001b[1mb\u001b[22m')]).toEqual([3, 2, 1]);
  });
});
