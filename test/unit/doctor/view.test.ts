import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { checkSameView, checkUser, type View, viewOf } from '../../../src/doctor/view.js';
import type { LastRun } from '../../../src/journal/last-run.js';
import { PROVIDERS, type Roots } from '../../../src/providers/index.js';

const { username, homedir } = userInfo();
const OWNER = { name: 'bridge', uid: 4711, home: '/home/bridge' };

function rootsBelow(home: string): Roots {
  return Object.fromEntries(
    PROVIDERS.map(({ family, rootName }) => [family, `${home}/${rootName}`]),
  ) as Roots;
}

const GIVEN = { sessionDir: '/srv/map', roots: rootsBelow(homedir), bridgeUrl: undefined };

/** The record of a run as this user, in this home. */
function ran(changes: Partial<LastRun> = {}): LastRun {
  return {
    ...{ user: username, home: homedir, sessionDir: '/srv/map', bridgeUrl: null },
    ...{ roots: rootsBelow(homedir) },
    ...changes,
  } as LastRun;
}

function own(changes: Partial<View> = {}, last?: LastRun): View {
  return { ...viewOf(GIVEN, homedir, undefined, last), ...changes };
}

describe('what the page looks at', () => {
  it('is what doctor was told', () => {
    expect(own()).toMatchObject({ ...GIVEN, home: homedir, owner: undefined });
  });

  it('is also the bridge that the last run asked, unless doctor was told of one', () => {
    const last = ran({ bridgeUrl: 'http://127.0.0.1:8000/' });
    expect(own({}, last).bridgeUrl?.href).toBe('http://127.0.0.1:8000/');
    const bridgeUrl = new URL('http://127.0.0.1:9000/');
    expect(viewOf({ ...GIVEN, bridgeUrl }, homedir, undefined, last).bridgeUrl).toBe(bridgeUrl);
  });

  it("is below the owner's home when root looks at another user's map", () => {
    const { roots, home } = viewOf(GIVEN, homedir, OWNER, undefined);
    expect({ roots, home }).toEqual({ roots: rootsBelow('/home/bridge'), home: '/home/bridge' });
  });

  it("is what the owner's last run looked at, but for what root was told itself", () => {
    const last = ran({ home: '/srv/home', roots: { ...rootsBelow('/srv/home'), codex: '/x' } });
    const told = { ...GIVEN, roots: { ...GIVEN.roots, gemini: '/told' } };
    const { roots, home } = viewOf(told, homedir, OWNER, last);
    expect(roots).toEqual({ claude: '/srv/home/.claude', gemini: '/told', codex: '/x' });
    expect(home).toBe('/srv/home');
  });
});

describe('the user', () => {
  it('is well in their own home, and warned of in another one', () => {
    expect(checkUser(own())).toMatchObject({ level: 'ok' });
    expect(checkUser(own({ home: '/elsewhere' }))).toMatchObject({
      level: 'warning',
      message: expect.stringContaining(`but this user's home is ${homedir}`),
      fix: expect.stringContaining('-H'),
    });
    expect(checkUser(own({ home: '' })).message).toContain('HOME=not set');
  });

  it('is told by root how to look as the owner', () => {
    const { level, message, fix } = checkUser(viewOf(GIVEN, homedir, OWNER, undefined));
    expect(level).toBe('warning');
    expect(message).toContain('the map of bridge');
    expect(fix).toMatch(/: sudo -u bridge -H \S+.* doctor --session-dir \/srv\/map$/);
  });
});

describe('the last run', () => {
  it('looked as the page does', () => {
    expect(checkSameView(ran(), own())).toEqual([]);
  });

  it('looked elsewhere: each difference, and the command that looks there', () => {
    const last = ran({ roots: { ...rootsBelow(homedir), claude: "/it's/claude" } });
    const [check] = checkSameView(last, own());
    expect(check).toMatchObject({
      level: 'warning',
      message: "this page does not look as it did: --claude-dir /it's/claude (here not given)",
    });
    expect(check?.fix).toMatch(
      /doctor --session-dir \/srv\/map --claude-dir '\/it'\\''s\/claude'$/,
    );
  });

  it('looked in another home: what follows from it is not said again', () => {
    const [check] = checkSameView(ran({ home: '/srv/h', roots: rootsBelow('/srv/h') }), own());
    expect(check?.message).toMatch(/did: HOME \/srv\/h \(here [^,]*\)$/);
    expect(check?.fix).toContain(' env HOME=/srv/h ');
  });

  it('was of a user who is gone', () => {
    expect(checkSameView(ran({ user: 'gone-user' }), own())).toEqual([
      expect.objectContaining({ fix: null, message: expect.stringContaining('user gone-user') }),
    ]);
  });
});
