import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { followLinks } from '../../../src/system/follow-links.js';
import { Home } from '../../support/home.js';

let dir: string;

beforeEach(() => {
  dir = new Home().dir;
  mkdirSync(join(dir, 'real'));
  writeFileSync(join(dir, 'real/file'), 'x');
});

function follow(path: string) {
  return followLinks(path, (at) => lstatSync(at, { throwIfNoEntry: false }));
}

describe('a path', () => {
  it('leads to what stands there, through links of files and directories', () => {
    symlinkSync('real', join(dir, 'relative'));
    symlinkSync(join(dir, 'relative/file'), join(dir, 'absolute'));
    for (const path of ['real/file', 'relative/file', 'absolute']) {
      const { path: end, stats, brokenLink } = follow(join(dir, path));
      expect(end).toBe(join(dir, 'real/file'));
      expect(stats?.isFile()).toBe(true);
      expect(brokenLink).toBeUndefined();
    }
  });

  it('may lead to nothing, by itself or by a link', () => {
    const nothing = join(dir, 'real/nothing/below');
    expect(follow(nothing)).toEqual({ path: nothing, stats: undefined, brokenLink: undefined });
    const link = join(dir, 'broken');
    symlinkSync('real/nothing', link);
    expect(follow(link)).toMatchObject({ path: join(dir, 'real/nothing'), brokenLink: link });
  });

  it('below a link to a directory that is there is no broken link', () => {
    symlinkSync('real', join(dir, 'link'));
    expect(follow(join(dir, 'link/nothing')).brokenLink).toBeUndefined();
  });

  it('is refused when its links have no end', () => {
    symlinkSync('two', join(dir, 'one'));
    symlinkSync('one', join(dir, 'two'));
    expect(() => follow(join(dir, 'one'))).toThrow(`${join(dir, 'one')}: too many symbolic links`);
  });

  it('is looked at name by name, from the root on', () => {
    const looked: string[] = [];
    followLinks(join(dir, 'real'), (at) => {
      looked.push(at);
      return lstatSync(at);
    });
    expect(looked[0]).toBe('/');
    expect(looked.at(-1)).toBe(join(dir, 'real'));
    expect(looked).toContain(dir);
  });
});
