import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';

function homeWith(idleHours: number): Home {
  const home = new Home();
  home.claude(uuid(1), idleHours);
  home.claude(uuid(2), idleHours);
  home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
  return home;
}

describe('--on-change', () => {
  it('runs after the commit, with the count and the map', async () => {
    const home = homeWith(5);
    const command = 'echo "$CLEANED_COUNT $SESSION_MAP $(cat "$SESSION_MAP")"';
    const { status, stderr, stdout } = await home.run(['--on-change', command]);
    expect(status).toBe(0);
    expect(stderr).toBe(`2 ${home.mapPath} {"claude-cli":{}}\n`);
    expect(stdout).not.toContain(home.mapPath);
  });

  it('does not run when nothing was removed', async () => {
    const home = homeWith(0.1);
    expect(await home.run(['--on-change', 'echo ran'])).toMatchObject({ status: 0, stderr: '' });
  });

  it('may fail: exit 1, said, and the map stays cleaned', async () => {
    const home = homeWith(5);
    const { status, stderr } = await home.run(['--on-change', 'echo oh no >&2; exit 3']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^oh no\n/);
    expect(stderr).toMatch(
      /--on-change command failed: it exited with status 3; the map stays cleaned/,
    );
    expect(home.map).toEqual({ 'claude-cli': {} });
  });
});

describe('--metrics', () => {
  it('writes a Prometheus text file', async () => {
    const home = homeWith(5);
    const file = join(home.dir, 'run.prom');
    await home.run(['--metrics', file]);
    const text = readFileSync(file, 'utf8');
    const label = `map="${home.mapPath}"`;
    expect(text).toContain(`claude_session_cleanup_last_run_success{${label}} 1\n`);
    expect(text).toContain(`claude_session_cleanup_sessions{${label},state="idle"} 2\n`);
    expect(text).toContain(`claude_session_cleanup_removed_mappings{${label}} 2\n`);
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+\{[^}]*\} [\d.e+-]+)$/);
    }
  });

  it('tells of a run that failed, too', async () => {
    const home = homeWith(5);
    writeFileSync(home.mapPath, '[]');
    const file = join(home.dir, 'run.prom');
    expect(await home.run(['--metrics', file])).toMatchObject({ status: 1 });
    expect(readFileSync(file, 'utf8')).toMatch(/last_run_success\{[^}]*\} 0\n/);
  });

  it('that can not be written are an error, and the map is cleaned', async () => {
    const home = homeWith(5);
    const { status, stderr } = await home.run(['--metrics', '/nowhere/run.prom']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/\/nowhere\/run.prom: can't write the metrics: no such file/);
    expect(home.map).toEqual({ 'claude-cli': {} });
  });
});
