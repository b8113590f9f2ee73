import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openOurs } from '../../../src/journal/ours.js';

const OTHER = 54_001;

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ours-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  path = join(directory, 'journal');
});

function sizeOf(flags?: number): number {
  const { file, size } = openOurs(path, flags);
  closeSync(file);
  return size;
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('a file of ours', () => {
  it('is opened, and its size is told', () => {
    writeFileSync(path, 'four');
    expect(sizeOf()).toBe(4);
  });

  it('is made for its owner alone when it is to be written', () => {
    expect(() => openOurs(path)).toThrow(/ENOENT/);
    const { file, size } = openOurs(path, constants.O_RDWR | constants.O_CREAT);
    onTestFinished(() => closeSync(file));
    expect({ size, mode: fstatSync(file).mode & 0o077 }).toEqual({ size: 0, mode: 0 });
  });

  it('is no link, directory or pipe, and none of them stays open', () => {
    const before = openFiles();
    symlinkSync('/etc/hostname', path);
    expect(() => openOurs(path)).toThrow(/ELOOP/);
    rmSync(path);
    mkdirSync(path);
    expect(() => openOurs(path)).toThrow('not a regular file');
    rmSync(path, { recursive: true });
    execFileSync('mkfifo', [path]);
    expect(() => openOurs(path)).toThrow('not a regular file');
    expect(openFiles()).toBe(before);
  });
});

describe.skipIf(process.geteuid?.() !== 0)('a file of another user', () => {
  beforeEach(() => {
    writeFileSync(path, 'four');
    chownSync(path, OTHER, OTHER);
  });

  it('is refused, by root, too', () => {
    expect(() => openOurs(path)).toThrow(
      `it belongs to user ${OTHER}; remove it if it is not yours`,
    );
  });

  it("is read by root in that user's directory", () => {
    chownSync(directory, OTHER, OTHER);
    expect(sizeOf()).toBe(4);
  });

  it('is not, by anybody else', () => {
    chownSync(directory, OTHER, OTHER);
    const user = vi.spyOn(process, 'geteuid').mockReturnValue(OTHER + 1);
    onTestFinished(() => user.mockRestore());
    expect(() => openOurs(path)).toThrow(/belongs to user/);
    user.mockReturnValue(OTHER);
    expect(sizeOf()).toBe(4);
  });
});
