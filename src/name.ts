/** The program's name, and that of its units, settings and logs. */
export const PROGRAM = 'claude-session-cleanup';
