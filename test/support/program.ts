import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    program: string;
  }
}

/** The path of the built program's launcher, in a copy that every user may read. */
export function installedProgram(): string {
  return inject('program');
}
