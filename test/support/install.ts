import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

const ROOT = join(import.meta.dirname, '../..');
const PARTS = ['bin', 'dist', 'package.json', 'node_modules/koffi', 'node_modules/@koromix'];

/**
 * Copies what is published to where every user may read it (the work tree may lie in a home that
 * others may not enter), and tells the tests where.
 */
export default function install(project: TestProject): () => void {
  const copy = mkdtempSync(join(tmpdir(), 'cleanup-program-'));
  chmodSync(copy, 0o755);
  for (const part of PARTS.filter((name) => existsSync(join(ROOT, name)))) {
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  }
  project.provide('program', join(copy, 'bin/claude-session-cleanup.js'));
  project.provide('node', nodeForEverybody(copy));
  return () => rmSync(copy, { recursive: true, force: true });
}

/** Root's tests start the program as other users, who may not reach a Node below root's home. */
function nodeForEverybody(copy: string): string {
  if (process.geteuid?.() !== 0) return process.execPath;
  const node = join(copy, 'node');
  cpSync(process.execPath, node);
  return node;
}
