import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

const isRoot = process.geteuid?.() === 0;

function has(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/**
 * `describe` for tests that need root or these commands: without them the tests are skipped with a line
 * that says so, and fail in CI.
 */
export function describeWith(needs: { root?: boolean; commands?: readonly string[] }) {
  const missing = [
    ...(needs.root && !isRoot ? ['root'] : []),
    ...(needs.commands ?? []).filter((command) => !has(command)),
  ];
  if (missing.length === 0) return describe;
  const line = `skipped, since these are missing here: ${missing.join(', ')}`;
  if (process.env['CI'] === 'true') throw new Error(line);
  console.warn(line);
  return describe.skip;
}
