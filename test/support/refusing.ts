import { join } from 'node:path';

/**
 * The command that runs another one for which the kernel refuses a call.
 *
 * @param refusals such as `exchange=EINVAL` and `lease=EAGAIN`: see refusing.py
 */
export function refusing(...refusals: readonly string[]): string[] {
  return ['python3', join(import.meta.dirname, 'refusing.py'), ...refusals, '--'];
}
