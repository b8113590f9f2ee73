// Linux system calls that Node has no function for, reached through koffi, an optional dependency.
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type koffiPackage from 'koffi';

/** What the kernel offers beyond Node. */
export interface Kernel {
  /**
   * Swaps two names of one directory's file system in one step (renameat2, RENAME_EXCHANGE).
   *
   * @returns false when the file system can't
   * @throws Error with an errno `code`
   */
  exchange(a: string, b: string): boolean;
  /**
   * Takes a read lease (F_SETLEASE): the kernel grants it only when nobody has the file open for
   * writing, and makes later writers wait until it is given back.
   *
   * @param file a descriptor opened read-only
   * @returns 'granted', 'refused' while a writer has the file, or 'unsupported'
   */
  takeReadLease(file: number): 'granted' | 'refused' | 'unsupported';
  /** Gives the lease back; false when a writer has come meanwhile and waits for it. */
  isLeaseWhole(file: number): boolean;
  /**
   * Gives a file the access list (POSIX ACL) of another one, or none where that one has none.
   *
   * @throws Error with an errno `code`
   */
  copyAccessList(from: string, to: string): void;
}

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const ACCESS_LIST = 'system.posix_acl_access';
// The most that Linux stores in an attribute.
const ATTRIBUTE_BYTES = 64 * 1024;

const { EAGAIN, EINVAL, ENODATA, ENOSYS, ENOTTY, EOPNOTSUPP } = constants.errno;
// The answers of a kernel or a file system that does not know the call.
const UNSUPPORTED = new Set([EINVAL, ENOSYS, EOPNOTSUPP, ENOTTY]);
const NO_ACCESS_LIST = new Set([ENODATA, EOPNOTSUPP]);

/**
 * Loads koffi. `CLAUDE_SESSION_CLEANUP_NO_KOFFI` in the environment stands for a machine without it.
 *
 * @returns undefined where koffi is not installed or this is not Linux
 */
export function loadKernel(): Kernel | undefined {
  if (process.platform !== 'linux' || process.env['CLAUDE_SESSION_CLEANUP_NO_KOFFI']) {
    return undefined;
  }
  try {
    // A literal require: the bundle leaves koffi outside and finds it, or not, at run time.
    return bind(require('koffi') as typeof koffiPackage);
  } catch {
    return undefined;
  }
}

function bind(koffi: typeof koffiPackage): Kernel {
  const libc = koffi.load(null);
  const renameat2 = libc.func('int renameat2(int, const char *, int, const char *, unsigned int)');
  const fcntl = libc.func('int fcntl(int, int, ...)');
  const getxattr = libc.func('long getxattr(const char *, const char *, void *, size_t)');
  const removexattr = libc.func('int removexattr(const char *, const char *)');
  const setxattr = libc.func('int setxattr(const char *, const char *, void *, size_t, int)');
  const failed = (call: string): Error => {
    const code = getSystemErrorName(-koffi.errno());
    return Object.assign(new Error(`${code}: ${call}`), { code });
  };

  return {
    exchange(a, b) {
      if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) === 0) return true;
      if (UNSUPPORTED.has(koffi.errno())) return false;
      throw failed(`renameat2 '${a}' '${b}'`);
    },
    takeReadLease(file) {
      ignoreBrokenLeases();
      if (fcntl(file, F_SETLEASE, 'int', F_RDLCK) === 0) return 'granted';
      return koffi.errno() === EAGAIN ? 'refused' : 'unsupported';
    },
    isLeaseWhole(file) {
      return fcntl(file, F_GETLEASE) === F_RDLCK;
    },
    copyAccessList(from, to) {
      const list = Buffer.alloc(ATTRIBUTE_BYTES);
      const length = Number(getxattr(from, ACCESS_LIST, list, list.length));
      if (length < 0) {
        if (!NO_ACCESS_LIST.has(koffi.errno())) throw failed(`getxattr '${from}'`);
        // The directory may have given it one.
        if (removexattr(to, ACCESS_LIST) !== 0 && !NO_ACCESS_LIST.has(koffi.errno())) {
          throw failed(`removexattr '${to}'`);
        }
        return;
      }
      if (setxattr(to, ACCESS_LIST, list, length, 0) !== 0) throw failed(`setxattr '${to}'`);
    },
  };
}

/** The signal of a broken lease would end the process, even when it comes late. */
function ignoreBrokenLeases(): void {
  if (process.listenerCount('SIGIO') === 0) process.on('SIGIO', () => {});
}
