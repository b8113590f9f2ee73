import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { tableLines, tableWidth, widthOf, wrapped } from '../../../src/output/terminal.js';

describe('a table', () => {
  it('has its cells below each other, and nothing behind the last', () => {
    const columns = [
      { cells: ['CHAT', 'a', '二二'], width: 5 },
      { cells: ['STATE', 'idle', ''], width: 6 },
    ];
    expect(tableLines(columns)).toEqual(['CHAT   STATE', 'a      idle', '二二']);
    expect(tableWidth(columns)).toBe(13);
  });

  it('cuts what is wider than its column, between two characters', () => {
    const columns = [
      { cells: ['abcdef'], width: 4 },
      { cells: ['🚀🚀🚀'], width: 4 },
      { cells: ['x'], width: 1 },
    ];
    expect(tableLines(columns)).toEqual(['abc…  🚀…   x']);
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

  it('stays as it is where it fits', () => {
    expect(wrapped(line, 71)).toEqual([line]);
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

  it('gets a character a line where the indent leaves no room', () => {
    expect(wrapped('abc', 1)).toEqual(['abc']);
    expect(wrapped('ab cdef', 2, '    ')).toEqual(['ab cdef']);
    expect(wrapped('ab cdefgh', 2, '    ')).toEqual(['ab', '    cde', '    fgh']);
  });

  it('fits, and loses nothing but blanks, whatever it is', () => {
    const words = fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 8 });
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 60 }), (all, width) => {
        const text = all.join(' ').replaceAll(/(?! )[\p{C}\p{Z}]/gu, 'x');
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
