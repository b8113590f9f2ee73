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
import { CleanupError, errorCode } from '../errors.js';
import { MAP_NAME } from '../session-map/location.js';
import { writeFully } from '../system/durable.js';
import { openForReading } from '../system/open.js';
import { unlinkQuietly } from '../system/unlink.js';
import { copyAttributes } from './attributes.js';
import type { Kernel } from './kernel.js';

/** A file that is to take the map's name. */
export interface TempFile {
  readonly path: string;
  /** Opened read-only. */
  readonly file: number;
}

/** What the name of a temp file tells the next run, should this one be killed. */
export interface TempName {
  /** The hash of the map that it is to replace. */
  readonly from: string;
  /** The hash of the new map. */
  readonly to: string;
}

const NAME = /^\.session_map\.json\.[0-9a-f]{8}\.([0-9a-f]{16})\.([0-9a-f]{16})\.tmp$/;

/** What a file's name tells; undefined for any other file than a temp file of ours. */
export function readTempName(fileName: string): TempName | undefined {
  const [, from, to] = NAME.exec(fileName) ?? [];
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** The hash of a map as temp files have it in their names. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

const PERMISSIONS = 0o7777;

/**
 * Writes a map into a new file beside the old one, with its mode, owner and attributes, safely on the
 * disk.
 *
 * @param old the old map, opened
 * @param oldBytes what stands in it
 * @throws Error of the system call that failed, or CleanupError; nothing is left behind then
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
      copyAttributes(kernel, old, file);
      keepMode(file, like);
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
    throw new CleanupError(
      own.uid === uid
        ? `its group ${gid} can't be kept by a user who is not in it; run: chgrp ${own.gid} on the map, or join the group`
        : `its owner (user ${uid}) can't be kept by this user; run as user ${uid}`,
    );
  }
}

/** Some file systems give every file one mode and let nobody set it. */
function keepMode(file: number, { mode }: Stats): void {
  if (fstatSync(file).mode !== mode) fchmodSync(file, mode & PERMISSIONS);
}
