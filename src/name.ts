/** The program's name, and that of its units, settings and logs. */
export const PROGRAM = 'claude-session-cleanup';

declare const __VERSION__: string | undefined;

/** Its version; the build puts it in, so that sources run unbuilt have none. */
export const VERSION = typeof __VERSION__ === 'string' ? __VERSION__ : 'unbuilt';
