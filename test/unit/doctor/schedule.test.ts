import { beforeEach, expect, it, vi } from 'vitest';
import { checkSchedule } from '../../../src/doctor/schedule.js';
import { Home } from '../../support/home.js';
import { crontab, standIn } from './stand-in.js';

let home: Home;

// Whatever this machine has; what a manager's timers are is in timers.test.ts.
beforeEach(() => {
  home = new Home();
  standIn(home, 'systemctl', '');
  vi.stubEnv('XDG_CONFIG_HOME', '');
});

function check(table: string) {
  crontab(home, table);
  return checkSchedule({ name: 'bridge', uid: 4711, home: home.dir }, ['/srv/map'], Date.now());
}

/** A line of install.sh --cron, for the map in a directory. */
function lineFor(directory: string): string {
  const settings = '.config/claude-session-cleanup/default';
  home.file(`${settings}.env`, 0, `CLAUDE_SESSION_DIR="${directory}"\n`);
  return `7 * * * * "${home.file(`${settings}.sh`, 0)}"`;
}

it('nothing cleans by itself: a warning, with what installs', () => {
  expect(check('')).toEqual({
    checks: [
      {
        subject: 'schedule',
        level: 'warning',
        message:
          'no timer and no cron line of the system or bridge is there: nothing cleans by itself',
        fix: expect.stringMatching(/install\.sh$/),
      },
    ],
    jobs: [],
  });
});

it('without an account only the system is asked', () => {
  const { checks } = checkSchedule(undefined, [], Date.now());
  expect(checks[0]?.message).toMatch(/line of the system is there/);
});

it('a job that cleans this map is one', () => {
  const { checks, jobs } = check(lineFor('/srv/map'));
  expect(checks.map(({ subject }) => subject)).toEqual(['cron']);
  expect(jobs).toMatchObject([{ directory: '/srv/map' }]);
});

it('a job that does not say what it cleans may clean this map', () => {
  expect(check('0 * * * * claude-session-cleanup').jobs).toHaveLength(1);
});

it('a job for another map cleans that one alone', () => {
  const { checks, jobs } = check(lineFor('/srv/its maps'));
  expect(jobs).toEqual([]);
  expect(checks).toContainEqual({
    subject: 'schedule',
    level: 'warning',
    message: 'cron is for another map (/srv/its maps); nothing cleans this one by itself',
    fix: "to look at that map: --session-dir '/srv/its maps'",
  });
});

it('jobs for other maps beside the one for this are nothing to tell', () => {
  const { checks, jobs } = check(`${lineFor('/srv/other')}\n0 * * * * claude-session-cleanup`);
  expect(checks.map(({ subject }) => subject)).toEqual(['cron', 'cron']);
  expect(jobs).toHaveLength(1);
});
