import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { errorCode, reason } from '../errors.js';
import { MAP_NAME } from '../session-map/location.js';
import { writeFully } from '../system/durable.js';
import { openForReading } from '../system/open.js';
import { unlinkQuietly } from '../system/unlink.js';
import type { Kernel } from './kernel.js';

/** A file that is to take the map's name. */
export interface TempFile {
  readonly path: string;
  /** Opened read-only. */
  readonly file: number;
}

const NAME = /^\.session_map\.json\.[0-9a-f]{8}\.([0-9a-f]{16})\.([0-9a-f]{16})\.tmp$/;

/**
 * What a temp file's name tells the next run, should this one be killed: the hashes of the map that it is
 * to replace and of the new one; none for any other file.
 */
export function hashesIn(fileName: string): readonly string[] {
  return NAME.exec(fileName)?.slice(1) ?? [];
}

/** The hash of a map as temp files have it in their names. */
export function hashOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/**
 * Writes a map into a new file beside the old one, with its mode, owner and attributes, safely on the
 * disk.
 *
 * @param old the old map, opened
 * @param oldBytes what stands in it
 * @throws Error of the system call that failed, or one that says what can't be kept; nothing is left then
 */
export function writeTempFile(
  directory: string,
  bytes: Uint8Array,
  old: number,
  oldBytes: Uint8Array,
  kernel: Kernel,
): TempFile {
  const random = randomBytes(4).toString('hex');
  const name = `.${MAP_NAME}.${random}.${hashOf(oldBytes)}.${hashOf(bytes)}.tmp`;
  const path = join(directory, name);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    try {
      writeFully(file, bytes);
      const like = fstatSync(old);
      keepOwner(file, like);
      keepAttributes(kernel, old, file);
      // Some file systems give every file one mode and let nobody set it.
      if (fstatSync(file).mode !== like.mode) fchmodSync(file, like.mode & 0o7777);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return { path, file: openForReading(path) };
  } catch (error) {
    unlinkQuietly(path);
    throw error;
  }
}

function keepOwner(file: number, { uid, gid }: Stats): void {
  const own = fstatSync(file);
  if (own.uid === uid && own.gid === gid) return;
  try {
    fchownSync(file, uid, gid);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') throw error;
    const what = own.uid === uid ? `group ${gid}` : `owner (user ${uid})`;
    throw new Error(`its ${what} can't be kept by this user`);
  }
}

const ACCESS_LIST = 'system.posix_acl_access';
// What users and programs have noted, and security labels, but for what the kernel computes of the content.
const KEPT = /^(system\.posix_acl_access|user\..*|security\.(?!ima$|evm$).*)$/;
// Only root may set most labels; a new file has those that the system gives it.
const NOT_ALLOWED = ['EPERM', 'EACCES', 'EOPNOTSUPP'];

function keepAttributes(kernel: Kernel, from: number, to: number): void {
  const wanted = kernel.attributesOf(from).filter((name) => KEPT.test(name));
  for (const name of wanted) {
    try {
      kernel.copyAttribute(from, to, name);
    } catch (error) {
      const isLabel = name.startsWith('security.');
      if (isLabel && NOT_ALLOWED.includes(errorCode(error) ?? '')) continue;
      throw new Error(`its attribute ${name} can't be kept: ${reason(error)}`);
    }
  }
  // The directory may have given it one.
  const hasList = kernel.attributesOf(to).includes(ACCESS_LIST);
  if (hasList && !wanted.includes(ACCESS_LIST)) kernel.removeAttribute(to, ACCESS_LIST);
}
