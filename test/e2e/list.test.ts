import { describe, expect, it } from 'vitest';
import { Home, states, uuid } from '../support/home.js';

describe('list', () => {
  it('shows every mapped session and changes nothing', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.codex(uuid(2), 0.5);
    const text = home.writeMap({
      'claude-cli': { a: uuid(1), c: uuid(3) },
      'codex-cli': { b: uuid(2) },
    });
    const { stdout, status } = await home.run(['list']);
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^STATE +PROVIDER +CHAT +SESSION +IDLE +LAST ACTIVITY$/);
    expect(lines[1]).toMatch(
      /^idle +claude-cli +a +01010101 +5\.0h +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
    );
    expect(lines[2]).toMatch(/^missing +claude-cli +c +03030303 +- +-$/);
    expect(lines[3]).toMatch(/^active +codex-cli +b +02020202 +0\.5h +\d{4}/);
    expect(lines[5]).toMatch(/3 mapped in .*: 1 active, 1 idle for more than 2h, 1 other$/);
    expect(home.mapText).toBe(text);
    expect(home.beside).toEqual(['session_map.json']);
  });

  it('is the same document as a clean run with --json', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const report = await home.runJson(['list', '-H', '1']);
    expect(report).toMatchObject({ version: 1, command: 'list', thresholdHours: 1 });
    expect(states(report)).toEqual({ a: 'idle' });
    expect(report.sessions[0]?.action).toBe('kept');
  });

  it('takes options before and behind its name', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    expect((await home.runJson(['-H', '7', 'list'])).thresholdHours).toBe(7);
    expect((await home.runJson(['list', '-H', '7'])).thresholdHours).toBe(7);
  });
});
