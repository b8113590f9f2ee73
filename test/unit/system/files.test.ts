import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { isAt, openForReading } from '../../../src/system/open.js';
import { readBeginning } from '../../../src/system/read-beginning.js';
import { replaceFile } from '../../../src/system/replace-file.js';
import { unlinkQuietly } from '../../../src/system/unlink.js';
import { Home } from '../../support/home.js';

let path: string;
let temp: string;

beforeEach(() => {
  const { dir } = new Home();
  path = join(dir, 'file');
  temp = join(dir, 'temp');
  writeFileSync(path, 'old');
});

describe('a file is replaced in one step', () => {
  it('by a text or by pieces, with the mode that was asked for', () => {
    replaceFile(path, 'new', { temp, mode: 0o644 });
    expect(readFileSync(path, 'utf8')).toBe('new');
    replaceFile(path, [Buffer.from('in '), Buffer.from('pieces')], { temp, mode: 0o600 });
    expect(readFileSync(path, 'utf8')).toBe('in pieces');
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(existsSync(temp)).toBe(false);
  });

  it('or stays as it was, with no temp file', () => {
    function* failing(): Generator<Uint8Array> {
      yield Buffer.from('half');
      throw new Error('no more');
    }
    expect(() => replaceFile(path, failing(), { temp, mode: 0o600 })).toThrow('no more');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(existsSync(temp)).toBe(false);
  });

  it('never through a link that stands in the temp file’s place', () => {
    const victim = `${path}.victim`;
    writeFileSync(victim, 'theirs');
    symlinkSync(victim, temp);
    expect(() => replaceFile(path, 'new', { temp, mode: 0o600 })).toThrow('EEXIST');
    expect(readFileSync(victim, 'utf8')).toBe('theirs');
  });
});

describe("a file's beginning", () => {
  it('is its text up to so many bytes, and tells whether that is all', () => {
    expect(readBeginning(path, 2)).toEqual({ text: 'ol', isWhole: false });
    expect(readBeginning(path, 10)).toEqual({ text: 'old', isWhole: true });
    const large = 'x'.repeat(10_000);
    writeFileSync(path, large);
    expect(readBeginning(path, 20_000)).toEqual({ text: large, isWhole: true });
  });

  it('is that of what a link leads to', () => {
    symlinkSync(path, temp);
    expect(readBeginning(temp, 10).text).toBe('old');
  });

  it('of a pipe is an error, and nothing waits', () => {
    execFileSync('mkfifo', [temp]);
    expect(() => readBeginning(temp, 10)).toThrow('ESPIPE');
  });
});

describe('a file that is opened', () => {
  it('is no link', () => {
    symlinkSync(path, temp);
    expect(() => openForReading(temp)).toThrow('ELOOP');
  });

  it('stands at its path until another one does, or none', () => {
    const file = openForReading(path);
    expect(isAt(path, file)).toBe(true);
    replaceFile(path, 'new', { temp, mode: 0o600 });
    expect(isAt(path, file)).toBe(false);
    closeSync(file);
    const other = openSync(path, 'r');
    unlinkSync(path);
    expect(isAt(path, other)).toBe(false);
    closeSync(other);
  });
});

it('what can not be removed is left', () => {
  unlinkQuietly(path);
  expect(existsSync(path)).toBe(false);
  expect(() => unlinkQuietly(path)).not.toThrow();
});
