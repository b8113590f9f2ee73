// Linux system calls that Node has no function for, reached through the package koffi.
import { lstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import type koffiPackage from 'koffi';
import { CleanupError, errorCode, reason } from '../errors.js';

/** What the kernel offers beyond Node. Files are descriptors. */
export type Kernel = ReturnType<typeof bind>;

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const LOCK_EXCLUSIVE = 2;
const LOCK_NO_WAIT = 4;
// The most that Linux stores in an attribute, or as a list of names.
const ATTRIBUTE_BYTES = 64 * 1024;

const { EAGAIN, EINTR, EINVAL, ENOSYS, ENOTTY, EOPNOTSUPP, EPERM } = constants.errno;
// The answers of a kernel, a file system or a sandbox that does not know the call.
const UNSUPPORTED = new Set([EINVAL, ENOSYS, EOPNOTSUPP, ENOTTY, EPERM]);

let loaded: Kernel | undefined;

/**
 * Loads koffi from the program's own packages, never from directories further above.
 *
 * @param root the directory of the program's package
 * @throws CleanupError in one line when koffi or its binary is missing
 */
export function loadKernel(root = dirname(__dirname)): Kernel {
  if (loaded !== undefined) return loaded;
  try {
    loaded = bind(requireOwn(root));
    return loaded;
  } catch (error) {
    const why = errorCode(error) === undefined ? reason(error).split('\n', 1)[0] : 'not installed';
    throw new CleanupError(
      `the package koffi, which makes the kernel's calls, can't be loaded (${why}); nothing was changed`,
      `install the program again, with its dependencies and for ${process.platform}-${process.arch}`,
    );
  }
}

function requireOwn(root: string): typeof koffiPackage {
  // npm puts it into the package, or beside it.
  const beside = dirname(root);
  const places = basename(beside) === 'node_modules' ? [root, dirname(beside)] : [root];
  const owners = [0, process.geteuid?.(), lstatSync(root).uid];
  for (const place of places) {
    const path = join(place, 'node_modules/koffi');
    const stats = lstatSync(path, { throwIfNoEntry: false });
    // The entry that looks for its binary beside itself only.
    if (owners.includes(stats?.uid)) return createRequire(path)(join(path, 'indirect.cjs'));
  }
  throw new CleanupError(`it is not in ${join(root, 'node_modules')}`);
}

function bind(koffi: typeof koffiPackage) {
  const libc = koffi.load(null);
  const renameat2 = libc.func('int renameat2(int, const char *, int, const char *, unsigned int)');
  const fcntl = libc.func('int fcntl(int, int, ...)');
  const flock = libc.func('int flock(int, int)');
  const flistxattr = libc.func('long flistxattr(int, void *, size_t)');
  const fgetxattr = libc.func('long fgetxattr(int, const char *, void *, size_t)');
  const fsetxattr = libc.func('int fsetxattr(int, const char *, const void *, size_t, int)');
  const fremovexattr = libc.func('int fremovexattr(int, const char *)');
  const failed = (call: string): Error => {
    const code = getSystemErrorName(-koffi.errno());
    return Object.assign(new Error(`${code}: ${call}`), { code });
  };
  const orThrow = (call: string, result: number): void => {
    if (result < 0) throw failed(call);
  };

  // The signal of a broken lease would end the process, even when it comes late.
  process.on('SIGIO', () => {});
  // koffi's own exit handler hangs when a stream's disk fails.
  const exit = libc.func('void _exit(int)');
  if (isMainThread) process.once('exit', (status) => void exit(status));

  return {
    /**
     * Swaps two names of one file system in one step (renameat2, RENAME_EXCHANGE).
     *
     * @returns false when the file system can't
     * @throws Error with an errno `code`
     */
    exchange(a: string, b: string): boolean {
      if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) === 0) return true;
      if (UNSUPPORTED.has(koffi.errno())) return false;
      throw failed('renameat2');
    },
    /**
     * Takes a read lease (F_SETLEASE): the kernel grants it only while nobody has the file open for
     * writing, and lets later writers wait until it is given back, which closing the file does.
     *
     * @param file opened read-only
     */
    takeReadLease(file: number): 'granted' | 'refused' | 'unsupported' {
      if (fcntl(file, F_SETLEASE, 'int', F_RDLCK) === 0) return 'granted';
      return [EAGAIN, EINTR].includes(koffi.errno()) ? 'refused' : 'unsupported';
    },
    /** Whether nobody waits to write into a file that we hold a lease on. */
    isLeaseWhole: (file: number): boolean => fcntl(file, F_GETLEASE) === F_RDLCK,
    /**
     * Locks a file (flock) without waiting.
     *
     * @returns false while another process holds it
     * @throws Error with an errno `code`
     */
    lock(file: number): boolean {
      if (flock(file, LOCK_EXCLUSIVE | LOCK_NO_WAIT) === 0) return true;
      if ([EAGAIN, EINTR].includes(koffi.errno())) return false;
      throw failed('flock');
    },
    /** The names of a file's extended attributes; none where the file system has no attributes. */
    attributesOf(file: number): string[] {
      const list = Buffer.alloc(ATTRIBUTE_BYTES);
      const length = Number(flistxattr(file, list, list.length));
      if (length < 0 && [EOPNOTSUPP, ENOSYS].includes(koffi.errno())) return [];
      orThrow('flistxattr', length);
      return list.toString('utf8', 0, length).split('\0').slice(0, -1);
    },
    /** @throws Error with an errno `code`, as the next one */
    copyAttribute(from: number, to: number, name: string): void {
      const value = Buffer.alloc(ATTRIBUTE_BYTES);
      const length = Number(fgetxattr(from, name, value, value.length));
      orThrow('fgetxattr', length);
      orThrow('fsetxattr', fsetxattr(to, name, value, length, 0));
    },
    removeAttribute(file: number, name: string): void {
      orThrow('fremovexattr', fremovexattr(file, name));
    },
  };
}
