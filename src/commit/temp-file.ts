import { randomBytes } from 'node:crypto';
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
import { unlinkQuietly } from '../system/unlink.js';

/** A file that holds the new map until it takes the map's name. */
export interface TempFile {
  readonly path: string;
  /** Its name without the ending, as the journal has it. */
  readonly name: string;
  readonly inode: number;
}

const TEMP_ENDING = '.tmp';
/** Where exchanging names is not to be had, the old map gets this second name before it is replaced. */
export const OLD_ENDING = '.old';

const NAME = /^(\.session_map\.json\.[0-9a-f]{16})\.(?:tmp|old)$/;

/** The journal's name of a file that a killed run left behind; undefined for any other file. */
export function leftoverName(fileName: string): string | undefined {
  return NAME.exec(fileName)?.[1];
}

const PERMISSIONS = 0o7777;

/**
 * Writes a map into a new file beside the old one, with its mode and owner, safely on the disk.
 *
 * @param like the old map's stats
 * @param copyAccessList gives a file the old map's access list
 * @throws Error of the system call that failed; nothing is left behind then
 */
export function writeTempFile(
  directory: string,
  bytes: Uint8Array,
  like: Stats,
  copyAccessList: (to: string) => void,
): TempFile {
  const name = `.${MAP_NAME}.${randomBytes(8).toString('hex')}`;
  const path = join(directory, name + TEMP_ENDING);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeFully(file, bytes);
    keepOwner(file, like);
    // Before the mode, whose group bits limit what the list grants.
    copyAccessList(path);
    fchmodSync(file, like.mode & PERMISSIONS);
    fsyncSync(file);
    const { ino: inode } = fstatSync(file);
    return { path, name, inode };
  } catch (error) {
    unlinkQuietly(path);
    throw error;
  } finally {
    closeSync(file);
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
