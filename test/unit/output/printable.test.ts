import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableJson } from '../../../src/output/printable.js';

// What could steer a terminal, or look like another line of a log.
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const anyText = fc.string({ unit: 'binary', maxLength: 20 });

describe('a printable text', () => {
  it.each([
    ['plain ~ text', 'plain ~ text'],
    ['größe 二 🚀', 'größe 二 🚀'],
    ['\u001b[2J', '\\u{1b}[2J'],
    ['a\nb\u2028c', 'a\\u{a}b\\u{2028}c'],
    ['\u202eabc\u{e0001}', '\\u{202e}abc\\u{e0001}'],
    ['\ud800', '\\u{d800}'],
  ])('of %o is %s', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('has nothing that steers, whatever it is', () => {
    fc.assert(fc.property(anyText, (text) => !STEERING.test(printable(text))));
  });
});

describe('a printable JSON document', () => {
  it('is indented, and ends in a newline', () => {
    expect(printableJson({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}\n');
  });

  it('escapes as JSON does, a character beyond the first plane by two units', () => {
    expect(printableJson('a\u009b\u{e0001}\n')).toBe('"a\\u009b\\udb40\\udc01\\n"\n');
  });

  it('is the same value, and has nothing that steers but its own newlines, whatever it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const json = printableJson({ [text]: text });
        expect(JSON.parse(json)).toEqual({ [text]: text });
        expect(STEERING.test(json.replaceAll('\n', ''))).toBe(false);
      }),
    );
  });
});
