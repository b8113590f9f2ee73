import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    program: string;
    node: string;
  }
}

/** The path of the built program's launcher, in a copy that every user may read. */
export function installedProgram(): string {
  return inject('program');
}

/** The path of the Node that the tests run on, as every user may execute it. */
export function installedNode(): string {
  return inject('node');
}
