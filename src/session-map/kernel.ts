// Linux system calls that Node has no function for, reached through koffi, an optional dependency.
import type koffiPackage from 'koffi';

/** What the kernel offers beyond Node; undefined functions are not to be had on this machine. */
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
  endReadLease(file: number): boolean;
}

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const F_UNLCK = 2;

// The answers of a kernel or a file system that does not know the call.
const UNSUPPORTED = ['EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'ENOTTY'];

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
  const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
  const errno = (): string => names.get(koffi.errno()) ?? 'EUNKNOWN';

  return {
    exchange(a, b) {
      if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) === 0) return true;
      const code = errno();
      if (UNSUPPORTED.includes(code)) return false;
      throw Object.assign(new Error(`${code}: renameat2 '${a}' '${b}'`), { code });
    },
    takeReadLease(file) {
      ignoreBrokenLeases();
      if (fcntl(file, F_SETLEASE, 'int', F_RDLCK) === 0) return 'granted';
      return errno() === 'EAGAIN' ? 'refused' : 'unsupported';
    },
    endReadLease(file) {
      const untouched = fcntl(file, F_GETLEASE) === F_RDLCK;
      fcntl(file, F_SETLEASE, 'int', F_UNLCK);
      return untouched;
    },
  };
}

/** The signal of a broken lease would end the process, even when it comes late. */
function ignoreBrokenLeases(): void {
  if (process.listenerCount('SIGIO') === 0) process.on('SIGIO', () => {});
}
