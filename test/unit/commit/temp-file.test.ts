import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Kernel } from '../../../src/commit/kernel.js';
import { hashesIn, hashOf, writeTempFile } from '../../../src/commit/temp-file.js';
import { insteadOf, KERNEL, kernelThat, MapDirectory } from './map-directory.js';

const ACL = 'system.posix_acl_access';
const NEW = Buffer.from('{"claude-cli": {}}');

/** Writes a new map beside the one of this directory. */
function written(map: MapDirectory, kernel: Kernel = KERNEL) {
  const old = openSync(map.path, 'r');
  onTestFinished(() => closeSync(old));
  const temp = writeTempFile(map.location.directory, NEW, old, readFileSync(map.path), kernel);
  onTestFinished(() => closeSync(temp.file));
  return temp;
}

describe('a new map beside the old one', () => {
  it('has the new text and the hashes of both in its name', () => {
    const map = new MapDirectory({ a: '1' });
    const before = readFileSync(map.path);
    const { path, file } = written(map);
    expect(readFileSync(path)).toEqual(NEW);
    expect(fstatSync(file).ino).toBe(statSync(path).ino);
    expect(hashesIn(basename(path))).toEqual([hashOf(before), hashOf(NEW)]);
    expect(hashOf(NEW)).toBe(createHash('sha256').update(NEW).digest('hex').slice(0, 16));
  });

  it.each(['x', '.old'])('is told by its whole name (%s)', (more) => {
    const name = `.session_map.json.01234567.${'a'.repeat(16)}.${'b'.repeat(16)}.tmp`;
    expect(hashesIn(name)).toEqual(['a'.repeat(16), 'b'.repeat(16)]);
    expect(hashesIn(`${name}${more}`)).toEqual([]);
    expect(hashesIn(`${more}${name}`)).toEqual([]);
    expect(hashesIn(name.replace('.tmp', 'xtmp'))).toEqual([]);
    expect(hashesIn(name.replace('a', ''))).toEqual([]);
  });

  it.each([0o600, 0o640, 0o4755])('has its mode (%o)', (mode) => {
    const map = new MapDirectory({});
    chmodSync(map.path, mode);
    expect(statSync(written(map).path).mode & 0o7777).toBe(mode);
  });

  it('is not given a mode that it has: some file systems let nobody set it', () => {
    const map = new MapDirectory({});
    chmodSync(map.path, 0o600);
    const set = insteadOf('fchmodSync', () => {});
    written(map);
    expect(set).not.toHaveBeenCalled();
  });

  it.runIf(process.geteuid?.() === 0)('has its owner and its group', () => {
    const map = new MapDirectory({});
    chownSync(map.path, 54_001, 54_002);
    expect(statSync(written(map).path)).toMatchObject({ uid: 54_001, gid: 54_002 });
  });

  it.runIf(process.geteuid?.() === 0).each([
    ['EPERM', 54_001, 0, /^its owner \(user 54001\) can't be kept by this user$/],
    ['EPERM', 0, 54_002, /^its group 54002 can't be kept by this user$/],
    ['EIO', 54_001, 0, /^EIO$/],
  ])('is not made when its owner can not be kept (%s, %i, %i)', (code, uid, gid, message) => {
    const map = new MapDirectory({});
    chownSync(map.path, uid, gid);
    insteadOf('fchownSync', () => {
      throw Object.assign(new Error(code), { code });
    });
    expect(() => written(map)).toThrow(message);
    expect(map.names).toEqual(['session_map.json']);
  });
});

/** A new map beside one with these attributes, where some can't be set; the attributes that it gets. */
function attributesAfter(
  old: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>> = {},
  refused: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const map = new MapDirectory({});
  const now = { ...given };
  const kernel = kernelThat({
    attributesOf: (file) => Object.keys(fstatSync(file).ino === map.inode ? old : now),
    copyAttribute(from, to, name) {
      expect([fstatSync(from).ino === map.inode, fstatSync(to).ino === map.inode]).toEqual([
        true,
        false,
      ]);
      if (refused[name] !== undefined) throw Object.assign(new Error(), { code: refused[name] });
      now[name] = old[name] ?? '';
    },
    removeAttribute: (_, name) => void delete now[name],
  });
  written(map, kernel);
  return now;
}

describe('the attributes of a map', () => {
  it('are kept: access list, notes and labels', () => {
    const all = { [ACL]: 'list', 'user.note': 'x', 'security.selinux': 'label' };
    expect(attributesAfter(all, { 'security.selinux': 'default' })).toEqual(all);
  });

  it('are not kept where they tell of the content or belong to the system', () => {
    const others = { 'security.ima': 'x', 'security.evm': 'y', 'trusted.overlay.x': 'z' };
    expect(
      attributesAfter({ ...others, 'system.posix_acl_access.x': 'a', 'x.user.y': 'b' }),
    ).toEqual({});
    expect(attributesAfter({ 'security.imago': 'x' })).toEqual({ 'security.imago': 'x' });
  });

  it("do not come from the directory's default", () => {
    expect(attributesAfter({}, { [ACL]: 'default' })).toEqual({});
  });

  it.each(['EPERM', 'EACCES', 'EOPNOTSUPP'])(
    'may lack a label that can not be set (%s)',
    (code) => {
      const label = { 'security.selinux': 'label' };
      expect(attributesAfter(label, {}, { 'security.selinux': code })).toEqual({});
      expect(() => attributesAfter({ 'user.note': 'x' }, {}, { 'user.note': code })).toThrow(
        /^its attribute user\.note can't be kept: /,
      );
    },
  );

  it('that can not be set for another reason stop the commit', () => {
    const label = { 'security.selinux': 'label' };
    expect(() => attributesAfter(label, {}, { 'security.selinux': 'EIO' })).toThrow(
      /security\.selinux can't be kept: input\/output error/,
    );
  });
});
