import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { describeWith } from '../support/requirements.js';

// Users that need no account.
const BRIDGE_USER = 54_001;
const ATTACKER = 54_002;

const OLD = `{"claude-cli": {"idle": "${uuid(1)}", "busy": "${uuid(2)}"}}`;
const NEW = `{"claude-cli": {"busy": "${uuid(2)}"}}`;
const PLANTED = `{"claude-cli": {"idle": "${uuid(1)}", "planted": "${uuid(9)}"}}`;
const SECRET = '{"claude-cli": {"secret": "of the bridge user"}}\n';

const MAP = 'session_map.json';
const LOCK = '.session_map.cleanup.lock';
const JOURNAL = 'session_map.removed.jsonl';
const LAST_RUN = 'session_map.last-run.json';
const LEFTOVER = '01234567.0123456789abcdef.0123456789abcdef';

/** A bridge user's home; the map lies in a directory of root's that everybody may write, as /tmp. */
function homeBesideAttacker(mode = 0o1777): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.claude(uuid(2), 0.1);
  home.writeMap(OLD);
  home.file('secret', 5, SECRET);
  home.file('loot', 5, '');
  run('chown', '-R', `${BRIDGE_USER}:${BRIDGE_USER}`, home.dir);
  chmodSync(home.dir, 0o755);
  chmodSync(join(home.dir, 'secret'), 0o600);
  chownSync(join(home.dir, 'loot'), ATTACKER, ATTACKER);
  chownSync(home.sessionDir, 0, 0);
  chmodSync(home.sessionDir, mode);
  return home;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Does something as the attacker, who is in the map's directory. */
function attack(home: Home, script: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', script], {
    cwd: home.sessionDir,
    uid: ATTACKER,
    gid: ATTACKER,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

/** Everything in the map's directory and what an attacker would like to have changed. */
function picture(home: Home): Record<string, string> {
  const paths = [
    ...readdirSync(home.sessionDir)
      .filter((name) => name !== LAST_RUN)
      .map((name) => join(home.sessionDir, name)),
    join(home.dir, 'secret'),
    join(home.dir, 'loot'),
  ];
  return Object.fromEntries(
    paths.map((path) => {
      const stats = lstatSync(path);
      const content = stats.isFile() ? readFileSync(path, 'utf8') : '';
      return [path, [stats.ino, stats.mode, stats.uid, stats.mtimeMs, content].join(' ')];
    }),
  );
}

// What an attacker can put under a name. `$HOME` is the bridge user's.
const PLANTS = [
  ["a link to the bridge user's file", (name: string) => `ln -s ../secret ${name}`],
  ["a link to the attacker's file", (name: string) => `ln -s ../loot ${name}`],
  ['a link to nowhere', (name: string) => `ln -s ../nowhere ${name}`],
  ['a link to itself', (name: string) => `ln -s ${name} ${name}`],
  ['a file', (name: string) => `echo '${PLANTED}' > ${name}; chmod 666 ${name}`],
  ['a pipe', (name: string) => `mkfifo -m 666 ${name}`],
  ['a directory', (name: string) => `mkdir -m 777 ${name}`],
] as const;

describeWith({ root: true })("another user's work in the map's directory", () => {
  it.each(PLANTS)("%s in the map's place is refused and nothing is written", async (_, plant) => {
    const home = homeBesideAttacker();
    renameSync(home.mapPath, join(home.dir, 'gone'));
    attack(home, plant(MAP));
    const before = picture(home);
    for (const args of [[], ['--dry-run'], ['restore', '--all']]) {
      const { status, stdout, stderr } = await home.run(args, { user: BRIDGE_USER });
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(
        /^claude-session-cleanup: error: \/[^\n]*session_map\.json: [^\n]* belongs to user 54002[^\n]*\n$/,
      );
    }
    expect(picture(home)).toEqual(before);
  });

  it.each(
    [LOCK, JOURNAL, `.${JOURNAL}.tmp`, `.${MAP}.${LEFTOVER}.tmp`].flatMap((name) =>
      PLANTS.map(([what, plant]) => [what, name, plant] as const),
    ),
  )('%s under the name %s leads to no other file', async (_, name, plant) => {
    const home = homeBesideAttacker();
    attack(home, plant(name));
    const { [home.mapPath]: mapBefore, ...before } = picture(home);

    const { status, stderr } = await home.run(['-q'], { user: BRIDGE_USER });

    const { [home.mapPath]: mapAfter, ...after } = picture(home);
    expect(after).toMatchObject(before);
    if (status === 0) {
      expect({ map: home.mapText, stderr }).toEqual({ map: NEW, stderr: '' });
    } else {
      expect(mapAfter).toBe(mapBefore);
      expect({ status, after }).toEqual({ status: 1, after: before });
      expect(stderr).toMatch(/^(claude-session-cleanup: [^\n]+\n)+$/);
      expect(stderr).toContain(name.startsWith(`.${JOURNAL}`) ? JOURNAL : home.sessionDir);
    }
  });

  it('a file that looks like one that a killed run left is not taken for its own', async () => {
    const home = homeBesideAttacker();
    // As this user, a run that really was killed: its temp file has this name.
    const [from, to] = [OLD, NEW].map((text) => sha256(text).slice(0, 16));
    const name = `.${MAP}.01234567.${to}.${from}.tmp`;
    attack(home, `echo '${PLANTED}' > ${name}`);
    expect(await home.run(['-q'], { user: BRIDGE_USER })).toMatchObject({ status: 0, stderr: '' });
    expect(home.mapText).toBe(NEW);
  });

  it('a lock that somebody else has made is said to be no lock of ours', async () => {
    const home = homeBesideAttacker();
    attack(home, `echo 1 > ${LOCK}; chmod 666 ${LOCK}`);
    const { status, stderr } = await home.run(['-q'], { user: BRIDGE_USER });
    expect(status).toBe(1);
    expect(stderr).toMatch(/belongs to user 54002[^\n]*remove it\n$/);
    expect(home.mapText).toBe(OLD);
  });

  it('a directory of somebody else, or a link of his to one, is refused', async () => {
    const home = homeBesideAttacker();
    chownSync(home.sessionDir, ATTACKER, ATTACKER);
    const direct = await home.run(['-q'], { user: BRIDGE_USER });
    chownSync(home.sessionDir, 0, 0);
    attack(home, 'ln -s .. elsewhere');
    const elsewhere = join(home.sessionDir, 'elsewhere');
    const linked = await home.run(['-q', '-d', elsewhere], { user: BRIDGE_USER });
    expect([direct.status, linked.status]).toEqual([1, 1]);
    expect(direct.stderr).toContain(
      `${home.sessionDir}: this directory belongs to user ${ATTACKER}`,
    );
    expect(linked.stderr).toContain(`${elsewhere}: this link belongs to user ${ATTACKER}`);
    expect(home.mapText).toBe(OLD);
  });

  it('a directory where everybody may replace files is refused, with the fix', async () => {
    const home = homeBesideAttacker(0o777);
    const { status, stderr } = await home.run(['-q'], { user: BRIDGE_USER });
    expect(status).toBe(1);
    expect(stderr).toContain(`chmod o-w '${home.sessionDir}'`);
    expect(home.beside).toEqual([MAP]);
    expect(home.mapText).toBe(OLD);
  });
});

describeWith({ root: true, commands: ['setfacl'] })('whose map it is', () => {
  it('a directory that a group may write is warned about, and cleaned', async () => {
    const home = homeBesideAttacker(0o775);
    chownSync(home.sessionDir, BRIDGE_USER, BRIDGE_USER);
    const { status, stderr } = await home.run(['-q'], { user: BRIDGE_USER });
    expect(status).toBe(0);
    expect(stderr).toContain(`chmod g-w '${home.sessionDir}'`);
    expect(home.mapText).toBe(NEW);
  });

  it('a group that can not be kept is named, with the fix', async () => {
    const home = homeBesideAttacker();
    chownSync(home.mapPath, BRIDGE_USER, ATTACKER);
    const look = await home.run(['-q', '--dry-run'], { user: BRIDGE_USER });
    const clean = await home.run(['-q'], { user: BRIDGE_USER });
    expect(look).toMatchObject({ status: 0 });
    expect(look.stderr).toContain(`chgrp ${BRIDGE_USER} '${home.mapPath}'`);
    expect(clean).toMatchObject({ status: 1 });
    expect(clean.stderr).toMatch(/error: [^\n]*its group 54002 can't be kept/);
    expect(home.mapText).toBe(OLD);
  });

  it("root is refused on another user's map, and only warned when it looks", async () => {
    const home = homeBesideAttacker();
    const before = picture(home);
    const look = await home.run(['-q', '--dry-run']);
    const clean = await home.run(['-q']);
    const advice = `sudo -u '#${BRIDGE_USER}' -H claude-session-cleanup`;
    expect([look.status, clean.status]).toEqual([0, 1]);
    expect(look.stderr).toMatch(/^claude-session-cleanup: warning: [^\n]+\n$/);
    expect(clean.stderr).toMatch(/^claude-session-cleanup: error: [^\n]+\n$/);
    expect(look.stderr).toContain(advice);
    expect(clean.stderr).toContain(advice);
    expect(picture(home)).toEqual(before);
  });

  it("the map's mode and owner stay as they are", async () => {
    const home = homeBesideAttacker();
    chmodSync(home.mapPath, 0o640);
    expect(await home.run(['-q'], { user: BRIDGE_USER })).toMatchObject({ status: 0 });
    const { mode, uid, gid } = lstatSync(home.mapPath);
    expect([mode & 0o7777, uid, gid]).toEqual([0o640, BRIDGE_USER, BRIDGE_USER]);
  });

  it("a map without an access list gets none from its directory's default", async () => {
    const home = homeBesideAttacker();
    run('setfacl', '--default', '--modify', 'user:65534:rwx,group::---', home.sessionDir);
    chmodSync(home.mapPath, 0o640);
    expect(await home.run(['-q'], { user: BRIDGE_USER })).toMatchObject({ status: 0, stderr: '' });
    const { stdout } = spawnSync('getfacl', ['--omit-header', home.mapPath], { encoding: 'utf8' });
    expect(stdout.trim().split('\n')).toEqual(['user::rw-', 'group::r--', 'other::---']);
  });

  it("the map's access list stays as it is", async () => {
    const home = homeBesideAttacker();
    run('setfacl', '--modify', 'user:65534:rw', home.mapPath);
    const access = (): string =>
      spawnSync('getfacl', ['--omit-header', '--numeric', home.mapPath], { encoding: 'utf8' })
        .stdout;
    const before = access();
    expect(before).toContain('user:65534:rw-');
    expect(await home.run(['-q'], { user: BRIDGE_USER })).toMatchObject({ status: 0, stderr: '' });
    expect(home.mapText).toBe(NEW);
    expect(access()).toBe(before);
  });

  it("a link of one's own is followed: its target is replaced, the link stays", async () => {
    const home = homeBesideAttacker();
    const target = join(home.dir, 'bridge-data', 'the map.json');
    mkdirSync(join(home.dir, 'bridge-data'));
    renameSync(home.mapPath, target);
    symlinkSync(target, home.mapPath);
    for (const path of [join(home.dir, 'bridge-data'), target]) {
      chownSync(path, BRIDGE_USER, BRIDGE_USER);
    }
    run('chown', '-h', String(BRIDGE_USER), home.mapPath);
    expect(await home.run(['-q'], { user: BRIDGE_USER })).toMatchObject({ status: 0, stderr: '' });
    expect(readlinkSync(home.mapPath)).toBe(target);
    expect(readFileSync(target, 'utf8')).toBe(NEW);
    expect(home.beside).toEqual([MAP]);
    expect(readdirSync(join(home.dir, 'bridge-data')).sort()).toEqual([
      LAST_RUN,
      JOURNAL,
      'the map.json',
    ]);
  });
});
