import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

/** The commands that doctor names to this user. */
async function commandsFor(uid: number) {
  vi.spyOn(process, 'geteuid').mockReturnValue(uid);
  vi.resetModules();
  const { installCommand } = await import('../../../src/doctor/job.js');
  const { waysToTell } = await import('../../../src/doctor/bridge.js');
  return { installCommand, waysToTell };
}

const DEFAULT = { instance: 'default', user: 'bridge' } as const;

describe('the installer is named', () => {
  it('to a user, as the machine was installed', async () => {
    const { installCommand } = await commandsFor(1000);
    expect(installCommand(undefined)).toMatch(/^sudo \/.*\/scripts\/install\.sh$/);
    expect(installCommand({ ...DEFAULT, mode: 'systemd' })).toMatch(
      /^sudo \S*install\.sh --systemd$/,
    );
    expect(installCommand({ ...DEFAULT, mode: 'user' })).toMatch(/^\/\S*install\.sh --user$/);
    const dev = { ...DEFAULT, mode: 'cron', instance: 'dev' } as const;
    expect(installCommand(dev, '--hours', '3')).toMatch(
      /^\/\S*install\.sh --cron --instance dev --hours 3$/,
    );
  });

  it('to root, who becomes the user or names them', async () => {
    const { installCommand } = await commandsFor(0);
    expect(installCommand({ ...DEFAULT, mode: 'systemd' })).toMatch(/^\/\S*install\.sh --systemd$/);
    expect(installCommand({ ...DEFAULT, mode: 'user' })).toMatch(
      /^sudo -u bridge -H \S*install\.sh --user$/,
    );
    expect(installCommand({ ...DEFAULT, mode: 'cron' })).toMatch(/ --cron --run-as bridge$/);
  });
});

describe('a bridge gets to know of removals', () => {
  it('in the ways that a service can have: its sandbox lets it restart nothing', async () => {
    const { waysToTell } = await commandsFor(1000);
    for (const mode of ['systemd', 'user'] as const) {
      const ways = waysToTell({ ...DEFAULT, mode });
      expect(ways).toMatch(new RegExp(`install\\.sh --${mode} --bridge-url .*--bridge-unit`));
      expect(ways).not.toContain('--on-change');
    }
    const cron = waysToTell({ ...DEFAULT, mode: 'cron' });
    expect(cron).toMatch(/install\.sh --cron --bridge-url .*--on-change/);
    expect(cron).not.toContain('--bridge-unit');
    expect(waysToTell(undefined)).toMatch(/--bridge-url.*--on-change/);
  });
});
