/** The unit files by themselves, and as the installer completes them. */
import { join } from 'node:path';
import { describe, expect, test as plainTest } from 'vitest';
import { run } from './command.js';
import type { Machine } from './machine.js';
import { missingRequirement } from './requirements.js';
import { shellcheck } from './shellcheck.js';
import { asUser, describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const ROOT = join(import.meta.dirname, '../..');
const BAR = 1.5;

describe.skipIf(missingRequirement() !== undefined)('the installer', () => {
  plainTest('is clean to shellcheck', async () => {
    const parts = join(ROOT, 'scripts/install');
    await run([await shellcheck(), '-x', '-P', parts, join(ROOT, 'scripts/install.sh')]);
  });
});

describeSystem('systemd', () => {
  test('has nothing to remark on the units, and knows them', async ({ machine }) => {
    await machine.run(`loginctl enable-linger ${USER}`);
    await machine.run(`${INSTALL} --systemd --run-as ${USER}`);
    await machine.run(`${INSTALL} --systemd --run-as ${USER} --instance dev`);
    await asUser(machine, `${INSTALL} --user --bridge-unit dbus.service`);
    for (const unit of ['claude-session-cleanup', 'claude-session-cleanup@dev']) {
      const verify = `systemd-analyze verify ${unit}.service ${unit}.timer`;
      expect(await machine.attempt(verify)).toEqual({ status: 0, stdout: '', stderr: '' });
      const known = `systemctl show -P LoadState ${unit}.service ${unit}.timer`;
      expect(await machine.run(known)).toBe('loaded\n\nloaded\n');
    }
    const verify = 'systemd-analyze --user verify claude-session-cleanup.{service,timer} 2>&1';
    expect(await asUser(machine, verify)).toBe('');
  });

  test('rates them at 1.5 or better, however they are installed', async ({ machine }) => {
    const ways = {
      plain: `--run-as ${USER}`,
      'asks the bridge': `--run-as ${USER} --bridge-url http://127.0.0.1:1`,
      'restarts the bridge': `--run-as ${USER} --bridge-url '' --bridge-unit dbus.service`,
    };
    const figures: Record<string, number> = {};
    for (const [way, options] of Object.entries(ways)) {
      // Without a bridge the dry run fails, and the units are in place all the same.
      await machine.attempt(`${INSTALL} --systemd --session-dir ${SESSIONS} ${options}`);
      expect(await machine.run('systemctl is-enabled claude-session-cleanup.timer')).toBe(
        'enabled\n',
      );
      figures[way] = await exposure(machine, 'claude-session-cleanup.service');
    }
    await machine.run(`loginctl enable-linger ${USER}`);
    await asUser(machine, `${INSTALL} --user`);
    figures['of a user'] = await exposure(
      machine,
      `/home/${USER}/.config/systemd/user/claude-session-cleanup.service`,
    );
    console.info('exposure:', figures);
    expect(Math.max(...Object.values(figures))).toBeLessThanOrEqual(BAR);
  });
});

async function exposure(machine: Machine, unit: string): Promise<number> {
  const said = await machine.run(`systemd-analyze security --offline=yes --no-pager ${unit}`);
  return Number(/Overall exposure level for .*: ([\d.]+)/.exec(said)?.[1]);
}
