import { CleanupError, errorCode, reason } from '../errors.js';
import type { Kernel } from './kernel.js';

const ACCESS_LIST = 'system.posix_acl_access';
// The kernel computes these from a file's content.
const OF_THE_CONTENT = ['security.ima', 'security.evm'];
// Only root may set most labels; a new file has those that the system gives it.
const NOT_ALLOWED = ['EPERM', 'EACCES', 'EOPNOTSUPP'];

/**
 * Gives a new file the extended attributes of the one that it is to replace: the access list, what
 * users and programs have noted there, and security labels as far as this process may.
 *
 * @throws CleanupError for one that can't be kept
 */
export function copyAttributes(kernel: Kernel, from: number, to: number): void {
  const wanted = kernel.attributesOf(from).filter(isKept);
  for (const name of wanted) {
    try {
      kernel.copyAttribute(from, to, name);
    } catch (error) {
      const isLabel = name.startsWith('security.');
      if (isLabel && NOT_ALLOWED.includes(errorCode(error) ?? '')) continue;
      throw new CleanupError(`its attribute ${name} can't be kept: ${reason(error)}`);
    }
  }
  // The directory may have given it one.
  const hasList = kernel.attributesOf(to).includes(ACCESS_LIST);
  if (hasList && !wanted.includes(ACCESS_LIST)) kernel.removeAttribute(to, ACCESS_LIST);
}

function isKept(name: string): boolean {
  if (OF_THE_CONTENT.includes(name)) return false;
  return name === ACCESS_LIST || name.startsWith('user.') || name.startsWith('security.');
}
