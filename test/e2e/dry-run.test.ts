import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';

/** Everything below a directory with content and times, as one comparable value. */
function snapshot(dir: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs, ctimeMs, mode } = statSync(path);
    found[path] = [mtimeMs, ctimeMs, mode, entry.isFile() ? readFileSync(path, 'utf8') : ''];
  }
  const { mtimeMs, ctimeMs } = statSync(dir);
  return { ...found, [dir]: [mtimeMs, ctimeMs] };
}

describe('a dry run', () => {
  it('writes nothing: no temp file, lock, journal or metrics, and no time changes', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const before = snapshot(home.dir);
    const { status } = await home.run(['-n', '--metrics', join(home.dir, 'run.prom')]);
    expect(status).toBe(0);
    expect(snapshot(home.dir)).toEqual(before);
  });

  it('runs no --on-change command', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const { stderr } = await home.run(['-n', '--on-change', 'echo changed']);
    expect(stderr).toBe('');
  });

  it('announces exactly what the real run then does', async () => {
    const home = new Home();
    const chats: Record<string, string> = {};
    for (let number = 1; number <= 20; number += 1) {
      home.claude(uuid(number), number / 4 + 0.1);
      chats[`chat-${number}`] = uuid(number);
    }
    home.writeMap({ 'claude-cli': chats });
    const announced = await home.runJson(['-n']);
    const real = await home.runJson();
    const chatsWith = (report: typeof real, action: string) =>
      report.sessions.filter((session) => session.action === action).map(({ chat }) => chat);
    expect(chatsWith(announced, 'would-remove')).toEqual(chatsWith(real, 'removed'));
    expect(real.summary['removed']).toBe(13);
    expect(announced.summary).toMatchObject({ removed: 0, wouldRemove: 13 });
  });

  it('is asked for by DRY_RUN, which --no-dry-run overrules', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    const text = home.writeMap({ 'claude-cli': { a: uuid(1) } });
    for (const value of ['1', 'true', 'YES']) {
      await home.run([], { env: { DRY_RUN: value } });
      expect(home.mapText).toBe(text);
    }
    await home.run(['--no-dry-run'], { env: { DRY_RUN: '1' } });
    expect(home.map).toEqual({ 'claude-cli': {} });
  });
});
