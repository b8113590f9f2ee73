import { spawnSync } from 'node:child_process';
import type { Home } from './home.js';
import { installedNode, installedProgram } from './program.js';

/**
 * What a terminal shows of a run on this home; needs `script`, and `stty` where a width is asked for.
 *
 * @param env what the environment has beside the home and the map's directory
 */
export function shownOnTerminal(
  home: Home,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  columns?: number,
): string {
  const run = `exec ${[installedNode(), installedProgram(), ...args].join(' ')}`;
  const command = columns === undefined ? run : `stty cols ${columns}; ${run}`;
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    input: '',
    env: {
      PATH: process.env['PATH'],
      HOME: home.dir,
      CLAUDE_SESSION_DIR: home.sessionDir,
      ...env,
    },
  });
  return stdout;
}
