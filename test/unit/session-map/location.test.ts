import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findingLine } from '../../../src/output/finding.js';
import { Problems } from '../../../src/output/problems.js';
import { locateMap, mustBeInPlace } from '../../../src/session-map/location.js';

const isRoot = process.geteuid?.() === 0;
const MAP = 'session_map.json';

let home: string;
const at = (...names: string[]): string => join(home, ...names);

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'location-')));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(at('up/bridge'), { recursive: true });
  writeFileSync(at('up/bridge', MAP), '{}');
});

function locate(sessionDir = at('up/bridge'), mayWrite = true) {
  const problems = new Problems();
  const { named, path, directory } = locateMap(sessionDir, mayWrite, problems);
  return { named, path, directory, warnings: problems.all.map(findingLine) };
}

describe('the map', () => {
  it('lies in the directory that is named, whether it is there or not', () => {
    const there = {
      named: at('up/bridge', MAP),
      path: at('up/bridge', MAP),
      directory: at('up/bridge'),
      warnings: [],
    };
    expect(locate()).toEqual(there);
    rmSync(at('up/bridge', MAP));
    expect(locate()).toEqual(there);
    rmSync(at('up'), { recursive: true });
    expect(locate()).toEqual(there);
  });

  it('is found through links of our own, of which nothing is left in its path', () => {
    mkdirSync(at('a/b'), { recursive: true });
    symlinkSync(at('up'), at('absolute'));
    symlinkSync('../../absolute/bridge', at('a/b/relative'));
    mkdirSync(at('other'));
    symlinkSync(join('../a/b/relative', MAP), at('other', MAP));
    expect(locate(at('a/b/relative'))).toMatchObject({ path: at('up/bridge', MAP) });
    expect(locate(at('other'))).toEqual({
      named: at('other', MAP),
      path: at('up/bridge', MAP),
      directory: at('up/bridge'),
      warnings: [],
    });
  });

  it.each([
    ['the map', ['other', MAP]],
    ['its directory', ['link']],
    ['a directory above', ['link', 'bridge']],
  ])('that is behind a link to nowhere, %s, is an error', (_, names) => {
    mkdirSync(at('other'));
    const link = names[0] === 'other' ? at(...names) : at('link');
    symlinkSync(at('not-mounted/there'), link);
    const sessionDir = names[0] === 'other' ? at('other') : at(...names);
    const message = `${link}: this link leads to ${at('not-mounted/there')}`;
    expect(() => locate(sessionDir)).toThrow(message);
    expect(() => locate(sessionDir, false)).toThrow(
      /, which is not there; .*is its disk mounted\?$/,
    );
  });

  it('that is not there is none, though a link on the way leads somewhere', () => {
    symlinkSync('up', at('link'));
    expect(locate(at('link/not-yet'))).toMatchObject({ path: at('up/not-yet', MAP) });
  });

  it('may be writable by everybody itself: only its directory counts', () => {
    chmodSync(at('up/bridge', MAP), 0o666);
    expect(locate().warnings).toEqual([]);
  });

  it('that is behind links without an end is an error', () => {
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    expect(() => locate(at('a'))).toThrow(/too many symbolic links/);
  });

  it('must be in a directory', () => {
    const map = at('up/bridge', MAP);
    expect(() => locate(map)).toThrow(
      `${join(map, MAP)}: not a directory; nothing was changed; is --session-dir right`,
    );
  });
});

describe('a directory', () => {
  it.each(['up', 'up/bridge'])(
    '%s that everybody may write is refused unless it is sticky',
    (name) => {
      chmodSync(at(name), 0o777);
      expect(() => locate()).toThrow(
        `${at(name)}: everybody may write here and replace the map; run: chmod o-w '${at(name)}'`,
      );
      chmodSync(at(name), 0o1777);
      expect(locate().warnings).toEqual([]);
    },
  );

  it('that its group may write is warned about', () => {
    chmodSync(at('up/bridge'), 0o775);
    expect(locate().warnings).toEqual([
      `${at('up/bridge')}: its group may write here and replace the map; if nobody else needs that: chmod g-w '${at('up/bridge')}'`,
    ]);
    chmodSync(at('up/bridge'), 0o1775);
    expect(locate().warnings).toEqual([]);
  });

  it('that was swapped for another one during the run is written to no more', () => {
    const location = locateMap(at('up/bridge'), true, new Problems());
    mustBeInPlace(location);
    renameSync(at('up'), at('gone'));
    mkdirSync(at('up/bridge'), { recursive: true });
    expect(() => mustBeInPlace(location)).toThrow(/another directory stands here/);
    rmSync(at('up'), { recursive: true });
    symlinkSync('gone', at('up'));
    mustBeInPlace(location);
  });
});

describe.skipIf(!isRoot)('what belongs to another user', () => {
  const OTHER = 54_001;

  it.each([
    ['the map', () => chownSync(at('up/bridge', MAP), OTHER, OTHER)],
    ['its directory', () => chownSync(at('up/bridge'), OTHER, OTHER)],
    ['a directory above', () => chownSync(at('up'), OTHER, OTHER)],
    [
      'a link above',
      () => {
        renameSync(at('up'), at('there'));
        symlinkSync('there', at('up'));
        lchownSync(at('up'), OTHER, OTHER);
      },
    ],
  ])('(%s) is refused by a run of root that writes; one that looks warns', (_, give) => {
    give();
    expect(() => locate()).toThrow(`belongs to user ${OTHER}, and this run is root's`);
    expect(locate(at('up/bridge'), false).warnings).toEqual([
      expect.stringContaining(`belongs to user ${OTHER}`),
    ]);
  });

  it('is warned about once, with the command that looks as that user', () => {
    for (const names of [['up'], ['up/bridge'], ['up/bridge', MAP]]) {
      chownSync(at(...names), OTHER, OTHER);
    }
    expect(locate(at('up/bridge'), false).warnings).toEqual([
      `${at('up/bridge', MAP)}: belongs to user ${OTHER}, and this run is root's; run as that user: sudo -u '#${OTHER}' -H claude-session-cleanup`,
    ]);
    chownSync(at('up'), 1, 1);
    const [warning] = locate(at('up/bridge'), false).warnings;
    expect(warning).toContain('belongs to user daemon, and');
    expect(warning).toContain('sudo -u daemon -H');
  });

  const asUser = (uid: number, gid = uid): void => {
    const spies = [
      vi.spyOn(process, 'geteuid').mockReturnValue(uid),
      vi.spyOn(process, 'getegid').mockReturnValue(gid),
      vi.spyOn(process, 'getgroups').mockReturnValue([gid]),
    ];
    onTestFinished(() => {
      for (const spy of spies) spy.mockRestore();
    });
  };

  it('is nothing to that user', () => {
    for (const names of [['up'], ['up/bridge', MAP]]) chownSync(at(...names), OTHER, OTHER);
    chownSync(home, OTHER, OTHER);
    asUser(OTHER);
    expect(locate().warnings).toEqual([]);
  });

  it.each([
    ['file', ['up/bridge', MAP]],
    ['directory', ['up/bridge']],
    ['directory', ['up']],
  ])('(a %s) is refused by a run of somebody else, though it only looks', (what, names) => {
    chownSync(at(...names), OTHER, OTHER);
    asUser(1);
    for (const mayWrite of [true, false]) {
      expect(() => locate(at('up/bridge'), mayWrite)).toThrow(
        `${at(...names)}: this ${what} belongs to user ${OTHER}, not to you (user daemon) or root; run as the user that the bridge runs as`,
      );
    }
  });

  it('(a link) is refused likewise', () => {
    symlinkSync('up', at('link'));
    lchownSync(at('link'), OTHER, OTHER);
    asUser(1);
    expect(() => locate(at('link/bridge'))).toThrow(`${at('link')}: this link belongs to user`);
  });

  it('is a group that its user is not in: a cleaned map can not get it', () => {
    const map = at('up/bridge', MAP);
    for (const name of [home, at('up'), at('up/bridge'), map]) chownSync(name, OTHER, 1);
    chownSync(map, OTHER, 2);
    asUser(OTHER, 1);
    expect(locate().warnings).toEqual([
      `${map}: belongs to group 2, which user ${OTHER} is not in and so can't give to a cleaned map; run: chgrp 1 '${map}'`,
    ]);
    chownSync(map, OTHER, 1);
    expect(locate().warnings).toEqual([]);
    chownSync(map, 0, 2);
    expect(locate().warnings).toEqual([]);
    rmSync(map);
    expect(locate().warnings).toEqual([]);
  });

  it("'s group is nothing to root, who can give it", () => {
    chownSync(at('up/bridge', MAP), 0, OTHER);
    expect(locate().warnings).toEqual([]);
  });
});
