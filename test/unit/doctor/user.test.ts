import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { checkSameView, checkUser } from '../../../src/doctor/user.js';
import type { LastRun } from '../../../src/journal/last-run.js';
import { PROVIDERS, type Roots } from '../../../src/providers/index.js';

const { username, homedir } = userInfo();

const ROOTS = Object.fromEntries(
  PROVIDERS.map(({ family, rootName }) => [family, `${homedir}/${rootName}`]),
) as Roots;

/** The record of a run as this user. */
function ran(changes: Partial<LastRun> = {}): LastRun {
  return { user: username, sessionDir: '/srv/map', roots: ROOTS, ...changes } as LastRun;
}

describe('the user', () => {
  it('is well in their own home', () => {
    expect(checkUser(homedir)).toMatchObject({
      level: 'ok',
      message: `${username} (user ${process.geteuid?.()}), HOME=${homedir}`,
    });
  });

  it('is warned of in another one', () => {
    expect(checkUser('/elsewhere')).toMatchObject({
      level: 'warning',
      message: expect.stringContaining(`but this user's home is ${homedir}`),
      fix: expect.stringContaining('-H'),
    });
  });

  it('may have no HOME: then that of the account counts', () => {
    for (const home of [undefined, '']) {
      expect(checkUser(home)).toMatchObject({
        level: 'ok',
        message: expect.stringContaining('HOME=not set'),
      });
    }
  });
});

describe('the last run', () => {
  it('looked as the page does', () => {
    expect(checkSameView(ran(), ROOTS)).toEqual([]);
  });

  it('looked elsewhere: each difference, and the command that looks there', () => {
    const last = ran({ roots: { ...ROOTS, claude: "/it's/claude" } });
    const [check] = checkSameView(last, ROOTS);
    expect(check).toMatchObject({
      level: 'warning',
      message: `this page does not look as it did: --claude-dir /it's/claude (here ${ROOTS.claude})`,
    });
    expect(check?.fix).toMatch(
      /^to look so: \/\S+ \S+ doctor --session-dir \/srv\/map --claude-dir '\/it'\\''s\/claude'$/,
    );
  });

  it('looked as another user', () => {
    const [check] = checkSameView(ran({ user: 'bridge' }), ROOTS);
    expect(check?.message).toBe(
      `this page does not look as it did: user bridge (here ${username})`,
    );
    expect(check?.fix).toMatch(/: sudo -u bridge -H \S+ \S+ doctor --session-dir \/srv\/map$/);
  });

  it('may be of a version that knew fewer CLIs', () => {
    expect(checkSameView(ran({ roots: { claude: ROOTS.claude } }), ROOTS)).toEqual([]);
  });
});
