import { describe, expect, it } from 'vitest';
import { ask, namesIn, writtenAt } from '../../../src/doctor/ask.js';
import { textOf } from '../../../src/system/open.js';
import { age, HOUR_MS, Home } from '../../support/home.js';
import { standIn } from './stand-in.js';

describe('another program', () => {
  it('is asked with its arguments, in English and in UTC', () => {
    standIn(new Home(), 'tell', 'echo "$@" "$LC_ALL" "$TZ"; echo aside >&2');
    expect(ask(['tell', 'it', 'a b'])).toEqual({
      answered: true,
      stdout: 'it a b C UTC\n',
      stderr: 'aside\n',
    });
  });

  it('gives no answer when it fails, but what it says is kept', () => {
    standIn(new Home(), 'tell', 'echo half; echo why >&2; exit 3');
    expect(ask(['tell'])).toEqual({ answered: false, stdout: 'half\n', stderr: 'why\n' });
  });

  it('gives none when it is not there', () => {
    expect(ask(['no-such-program'])).toEqual({
      answered: false,
      stdout: '',
      stderr: expect.stringContaining('ENOENT'),
    });
  });
});

describe('a file or directory', () => {
  it('is read', () => {
    const home = new Home();
    const path = home.file('some/file', 1, 'text');
    expect(namesIn(`${home.dir}/some`)).toEqual(['file']);
    expect(textOf(path)).toBe('text');
    age(path, 2);
    expect(writtenAt(path)).toBeCloseTo(Date.now() - 2 * HOUR_MS, -4);
  });

  it('is as good as empty when it can not be', () => {
    expect(namesIn('/no/such')).toEqual([]);
    expect(textOf('/no/such')).toBe('');
    expect(writtenAt('/no/such')).toBeUndefined();
  });
});
