import { afterEach, describe, expect, it, vi } from 'vitest';
import { quoted, settingsIn } from '../../../src/doctor/job.js';
import { HOUR_MS, Home } from '../../support/home.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

/** What a user is told to type. */
async function commandsFor(uid: number) {
  vi.spyOn(process, 'geteuid').mockReturnValue(uid);
  vi.resetModules();
  return await import('../../../src/doctor/job.js');
}

describe('the command that installs', () => {
  it('asks where nothing is installed', async () => {
    const { installCommand } = await commandsFor(1000);
    expect(installCommand(undefined)).toMatch(/^sudo \/.*\/scripts\/install\.sh$/);
  });

  it('installs again as the machine was installed', async () => {
    const { installCommand } = await commandsFor(1000);
    const installed = (mode: 'systemd' | 'user' | 'cron', ...options: string[]) =>
      installCommand({ mode, instance: 'default' }, ...options);
    expect(installed('systemd')).toMatch(/^sudo \S*install\.sh --systemd$/);
    expect(installed('user')).toMatch(/^\/\S*install\.sh --user$/);
    expect(installed('cron', '--hours', '3')).toMatch(/^\/\S*install\.sh --cron --hours 3$/);
  });

  it('names an instance', async () => {
    const { installCommand } = await commandsFor(1000);
    expect(installCommand({ mode: 'cron', instance: 'dev' })).toMatch(/ --cron --instance dev$/);
  });

  it('needs no sudo for root', async () => {
    const { installCommand, SUDO } = await commandsFor(0);
    expect(SUDO).toBe('');
    expect(installCommand({ mode: 'systemd', instance: 'default' })).toMatch(/^\/\S* --systemd$/);
  });
});

it('a word is quoted where a shell would take it apart', () => {
  expect(['/srv/a-b.c', '/srv/a b', "/it's", '$x', ''].map(quoted)).toEqual([
    '/srv/a-b.c',
    "'/srv/a b'",
    `'/it'\\''s'`,
    "'$x'",
    "''",
  ]);
});

describe('the settings of a job', () => {
  const settings = (text: string) => settingsIn(new Home().file('default.env', 1, text));

  it("name its map's directory, in quotes or without", () => {
    expect(settings('HOURS=2\nCLAUDE_SESSION_DIR="/srv/a b"\n').directory).toBe('/srv/a b');
    expect(settings('CLAUDE_SESSION_DIR=/srv/map\n').directory).toBe('/srv/map');
    expect(settings('#CLAUDE_SESSION_DIR="/srv/map"\n').directory).toBeUndefined();
  });

  it('name the unit that is restarted, if any', () => {
    expect(settings('BRIDGE_UNIT="chat-bridge"\n').restartsBridge).toBe(true);
    expect(settings('BRIDGE_UNIT=chat-bridge\n').restartsBridge).toBe(true);
    expect(settings('BRIDGE_UNIT=""\n').restartsBridge).toBe(false);
    expect(settings('').restartsBridge).toBe(false);
  });

  it('were changed when their file was', () => {
    expect(settings('').changedAt).toBeCloseTo(Date.now() - HOUR_MS, -4);
  });

  it('are not known without a file', () => {
    expect(settingsIn('/no/such.env')).toEqual({
      directory: undefined,
      restartsBridge: false,
      changedAt: 0,
    });
  });
});
