import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';

function cleanable(): { home: Home; before: unknown } {
  const home = new Home();
  for (const number of [1, 2, 3]) home.claude(uuid(number), 5);
  home.codex(uuid(4), 5);
  const before = {
    'claude-cli': { 'chat-one-1': uuid(1), 'chat-two-2': { session_id: uuid(2), n: 1 } },
    'codex-cli': { 'chat-four': uuid(4) },
  };
  home.writeMap(before);
  return { home, before };
}

const isRoot = process.geteuid?.() === 0;
const JOURNAL = 'session_map.removed.jsonl';

describe('restore', () => {
  it('with nothing named lists what can be restored, and changes nothing', async () => {
    const { home } = cleanable();
    await home.run();
    const text = home.mapText;
    const { status, stdout } = await home.run(['restore']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^3 removed mappings can be restored/);
    expect(stdout).toMatch(/codex-cli\/chat-four: Session/);
    expect(stdout).toMatch(/--all, --last/);
    expect(home.mapText).toBe(text);
  });

  it('lists the newest first', async () => {
    const { home } = cleanable();
    await home.run();
    home.writeMap({ 'claude-cli': { newest: uuid(3) } });
    await home.run();
    const { stdout } = await home.run(['restore', '--json']);
    const chats = JSON.parse(stdout).mappings.map(({ chat }: { chat: string }) => chat);
    expect(chats).toEqual(['newest', 'chat-four', 'chat-two-2', 'chat-one-1']);
  });

  it('--all puts everything back as it was', async () => {
    const { home, before } = cleanable();
    await home.run();
    const { status, stdout } = await home.run(['restore', '--all']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Restored: 3 mappings/);
    expect(home.map).toEqual(before);
  });

  it('--last puts back what the last run removed', async () => {
    const { home } = cleanable();
    await home.run();
    home.writeMap({ 'claude-cli': { newest: uuid(3) } });
    await home.run();
    await home.run(['restore', '--last']);
    expect(home.map).toEqual({ 'claude-cli': { newest: uuid(3) } });
    const { stdout } = await home.run(['restore', '--last']);
    expect(stdout).toMatch(/Restored: 0 mappings/);
    expect(home.map).toEqual({ 'claude-cli': { newest: uuid(3) } });
  });

  it('puts them back in the order that they stood in', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    const before = { 'claude-cli': { a: uuid(1), b: uuid(1), c: uuid(1) } };
    home.writeMap(before);
    await home.run();
    await home.run(['restore', '--all']);
    expect(JSON.stringify(home.map)).toBe(JSON.stringify(before));
  });

  it.each(['chat-one-1', 'claude-cli/chat-one-1', 'chat-one'])(
    'takes the chat %s',
    async (name) => {
      const { home } = cleanable();
      await home.run();
      await home.run(['restore', name]);
      expect(home.map).toEqual({ 'claude-cli': { 'chat-one-1': uuid(1) }, 'codex-cli': {} });
    },
  );

  it('refuses a chat that it does not know, and one that means several', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { 'same-beginning-1': uuid(1), 'same-beginning-2': uuid(1) } });
    await home.run();
    const text = home.mapText;
    expect(await home.run(['restore', 'nope'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no removed mapping of chat 'nope'/),
    });
    expect(await home.run(['restore', 'same-beginning'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/means several chats/),
    });
    expect(home.mapText).toBe(text);
  });

  it.each(['--all', '--last'])('refuses chats beside %s', async (which) => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    await home.run();
    const text = home.mapText;
    expect(await home.run(['restore', which, 'a'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/error: --(all|last) takes no chats[^\n]*\n$/),
    });
    expect(home.mapText).toBe(text);
  });

  it('never overwrites a mapping that exists meanwhile', async () => {
    const { home } = cleanable();
    await home.run();
    home.writeMap({ 'claude-cli': { 'chat-one-1': uuid(3) } });
    const { stdout } = await home.run(['restore', '--all']);
    expect(stdout).toMatch(/Kept, the chat is mapped meanwhile: claude-cli\/chat-one/);
    expect(home.map).toEqual({
      'claude-cli': { 'chat-one-1': uuid(3), 'chat-two-2': { session_id: uuid(2), n: 1 } },
      'codex-cli': { 'chat-four': uuid(4) },
    });
  });

  it('--replace puts the old session back over a newer one, and can itself be undone', async () => {
    const { home } = cleanable();
    await home.run();
    const [old, newer] = [uuid(1), uuid(3)];
    home.claude(newer, 0.1);
    home.writeMap({ 'claude-cli': { 'chat-one-1': newer, other: newer } });
    const look = await home.run(['restore', '--replace', 'chat-one-1', '--dry-run']);
    expect(look.stdout).toMatch(/Would restore: 1 mapping\n/);
    expect(home.map).toEqual({ 'claude-cli': { 'chat-one-1': newer, other: newer } });

    expect(await home.run(['restore', '--replace', 'chat-one-1'])).toMatchObject({ status: 0 });
    expect(home.map).toEqual({ 'claude-cli': { 'chat-one-1': old, other: newer } });
    expect((await home.run(['restore', '-v'])).stdout).toContain(newer);

    expect(await home.run(['restore', '--replace', 'chat-one-1'])).toMatchObject({ status: 0 });
    expect(home.map).toEqual({ 'claude-cli': { 'chat-one-1': newer, other: newer } });
  });

  it.each([[], ['--all'], ['--last']])('refuses --replace %s without a chat', async (...which) => {
    const { home } = cleanable();
    await home.run();
    const text = home.writeMap({ 'claude-cli': { 'chat-one-1': uuid(3) } });
    expect(await home.run(['restore', '--replace', ...which])).toMatchObject({
      status: 2,
      stdout: '',
    });
    expect(home.mapText).toBe(text);
  });

  it('says in one line that there is no map yet', async () => {
    const home = new Home();
    for (const args of [[], ['--all'], ['--last']]) {
      expect(await home.run(['restore', ...args])).toEqual({
        status: 0,
        signal: null,
        stdout: `No session map at ${home.mapPath} yet: nothing can be restored\n`,
        stderr: '',
      });
    }
    expect(home.beside).toEqual([]);
  });

  it('fails when the map is gone that something could be put back into', async () => {
    const { home } = cleanable();
    await home.run();
    rmSync(home.mapPath);
    expect(await home.run(['restore'])).toMatchObject({ status: 0, stderr: '' });
    expect(await home.run(['restore', '--all'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no session map here/),
    });
  });

  it('--dry-run only tells', async () => {
    const { home } = cleanable();
    await home.run();
    const [text, journal] = [home.mapText, readFileSync(join(home.sessionDir, JOURNAL), 'utf8')];
    const { stdout } = await home.run(['restore', '--all', '-n']);
    expect(stdout).toMatch(/\[DRY RUN\] Would restore: 3 mappings/);
    expect(home.mapText).toBe(text);
    expect(readFileSync(join(home.sessionDir, JOURNAL), 'utf8')).toBe(journal);
  });

  it('puts mappings back into a flat map', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    const before = { a: uuid(1), b: uuid(9) };
    home.writeMap(before);
    await home.run();
    expect(home.map).toEqual({ b: uuid(9) });
    await home.run(['restore', '--all']);
    expect(home.map).toEqual(before);
  });

  it.each([
    ['nothing', {}],
    ['a version', { version: 2 }],
    ['a record', { about: { lines: 1 } }],
  ])('makes a flat map of one that was emptied but for %s', async (_, rest) => {
    const home = new Home();
    home.claude(uuid(1), 5);
    const before = { ...rest, a: uuid(1), b: { session_id: uuid(1) } };
    home.writeMap(before);
    await home.run();
    expect(home.map).toEqual(rest);
    await home.run(['restore', '--all']);
    expect(home.map).toEqual(before);
  });

  it('has no room in a flat map for another CLI, and says so', async () => {
    const { home } = cleanable();
    await home.run();
    const flat = home.writeMap({ other: uuid(9) });
    const { stdout: look } = await home.run(['restore', '--dry-run', 'chat-four']);
    expect(look).toMatch(/the map is flat and holds claude-cli only: codex-cli.*\n.*restore: 0/);
    const { stdout } = await home.run(['restore', 'chat-four']);
    expect(stdout).toMatch(/the map is flat and holds claude-cli only: codex-cli/);
    expect(home.mapText).toBe(flat);
  });

  it("does not take another user's journal for its own", { skip: !isRoot }, async () => {
    const { home } = cleanable();
    await home.run();
    spawnSync('chown', ['-R', '54001', home.dir]);
    const journal = join(home.sessionDir, JOURNAL);
    spawnSync('chown', ['54002', journal]);
    chmodSync(journal, 0o644);
    const { status, stderr } = await home.run(['restore'], { user: 54001 });
    expect(status).toBe(1);
    expect(stderr).toMatch(/belongs to user 54002/);
  });

  it('as root takes it from no other user in a directory open to all', {
    skip: !isRoot,
  }, async () => {
    const { home, before } = cleanable();
    await home.run();
    const text = home.writeMap(before);
    chmodSync(home.sessionDir, 0o1777);
    spawnSync('chown', ['54002', join(home.sessionDir, JOURNAL)]);
    for (const args of [['restore', '--all'], []]) {
      const { status, stderr } = await home.run(args);
      expect(status).toBe(1);
      expect(stderr).toMatch(/belongs to user 54002/);
    }
    expect(home.mapText).toBe(text);
  });

  it('as root lists what the user whose map it is can restore', { skip: !isRoot }, async () => {
    const { home } = cleanable();
    await home.run();
    spawnSync('chown', ['-R', '54001', home.dir]);
    const { stdout } = await home.run(['restore', '--json']);
    expect(JSON.parse(stdout).summary.restorable).toBe(3);
  });

  it('does not count what it put back as written back by the bridge', async () => {
    const { home } = cleanable();
    await home.run();
    await home.run(['restore', '--all']);
    const report = await home.runJson();
    expect(report.summary).toMatchObject({ removed: 3, writtenBack: 0 });
    expect(report.warnings).toEqual([]);
  });
});

describe('the journal', () => {
  it('is for its owner alone, and has every removed mapping', async () => {
    const { home } = cleanable();
    await home.run();
    const lines = readFileSync(join(home.sessionDir, JOURNAL), 'utf8').trimEnd().split('\n');
    const removed = lines.map((line) => JSON.parse(line)).filter(({ op }) => op === 'remove');
    expect(removed.map(({ provider, chat, session }) => [provider, chat, session])).toEqual([
      ['claude-cli', 'chat-one-1', uuid(1)],
      ['claude-cli', 'chat-two-2', uuid(2)],
      ['codex-cli', 'chat-four', uuid(4)],
    ]);
  });

  it('may have damaged lines: they are skipped and said', async () => {
    const { home, before } = cleanable();
    await home.run();
    appendFileSync(join(home.sessionDir, JOURNAL), '{"op":"remove","run":"x"\n\u001b[2Jgarbage\n');
    const { status, stdout, stderr } = await home.run(['restore', '--all']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Restored: 3 mappings/);
    expect(stderr).toMatch(/skipped 2 unreadable lines/);
    expect(home.map).toEqual(before);
  });

  it.each([
    ['names that are null', { op: 'done', kept: [null], unsure: [] }],
    ['no names', { op: 'done' }],
    ['a name without a chat', { op: 'done', kept: [], unsure: [{ provider: 'claude-cli' }] }],
    ['a value that is no JSON', { op: 'remove', chat: 'x', session: uuid(8), raw: '{' }],
    ['a chat that is a number', { op: 'remove', chat: 1, session: uuid(8), raw: '"x"' }],
    ['no time', { op: 'restore', chat: 'x', session: uuid(8), at: 'yesterday' }],
    ['an operation of another version', { op: 'constructor' }],
  ])('may have lines with %s, which are skipped', async (_, odd) => {
    const { home, before } = cleanable();
    const line = { run: 'x', at: new Date().toISOString(), provider: 'claude-cli', ...odd };
    writeFileSync(join(home.sessionDir, JOURNAL), `${JSON.stringify(line)}\n`);
    const { status, stderr } = await home.run(['-q']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^[^\n]*skipped 1 unreadable line;[^\n]*\n$/);
    expect(await home.run(['restore', '--all'])).toMatchObject({ status: 0 });
    expect(home.map).toEqual(before);
  });

  it('loses a line that a killed run left unfinished, and nothing else', async () => {
    const { home, before } = cleanable();
    await home.run();
    const journal = join(home.sessionDir, JOURNAL);
    const whole = readFileSync(journal, 'utf8');
    appendFileSync(journal, '{"op":"remove","run":"x","at":"20');
    home.writeMap(before);
    expect(await home.run()).toMatchObject({ status: 0, stderr: expect.stringContaining('back') });
    expect(readFileSync(journal, 'utf8').startsWith(`${whole}{"op":"remove","run":"`)).toBe(true);
    const { stdout, stderr } = await home.run(['restore', '--json']);
    expect(JSON.parse(stdout).summary.restorable).toBe(3);
    expect(stderr).toBe('');
  });

  it('may end in a line without an end', async () => {
    const { home, before } = cleanable();
    await home.run();
    const journal = join(home.sessionDir, JOURNAL);
    writeFileSync(journal, readFileSync(journal, 'utf8').trimEnd());
    expect(await home.run(['restore', '--all'])).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(before);
    expect(await home.run(['restore'])).toMatchObject({ status: 0, stderr: '' });
  });

  it('forgets what is older than its days', async () => {
    const { home } = cleanable();
    const old = (days: number, chat: string) =>
      `${JSON.stringify({
        op: 'remove',
        run: `run-${chat}`,
        at: new Date(Date.now() - days * 86_400_000).toISOString(),
        provider: 'claude-cli',
        chat,
        session: uuid(8),
        raw: JSON.stringify(uuid(8)),
        lastActivity: 1,
      })}\n`;
    writeFileSync(join(home.sessionDir, JOURNAL), old(40, 'old') + old(5, 'recent'));
    await home.run();
    // The first run can't know whether its clock is right.
    expect((await home.run(['restore', '--json'])).stdout).toContain('"old"');
    await home.run();
    const names = async () => (await home.run(['restore', '--json'])).stdout;
    expect(await names()).not.toContain('"old"');
    expect(await names()).toContain('"recent"');
    await home.run(['--journal-days', '3']);
    expect(await names()).not.toContain('"recent"');
    expect(await names()).toContain('"chat-four"');
  });
});

describe('mappings that a bridge has written back', () => {
  it('are counted and warned about once, with the fix', async () => {
    const { home, before } = cleanable();
    await home.run();
    home.writeMap(before);
    const { stdout, stderr, status } = await home.run(['--json']);
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.summary).toMatchObject({ writtenBack: 3, removed: 3 });
    expect(report.warnings).toHaveLength(1);
    expect(stderr).toMatch(
      /mappings that were removed before are back \(3\).*--bridge-url.*--on-change/,
    );
  });

  it('are none when the session was used since', async () => {
    const { home, before } = cleanable();
    await home.run();
    home.claude(uuid(1), 3);
    home.claude(uuid(2), 0.1);
    home.codex(uuid(4), 2.5);
    home.writeMap(before);
    expect((await home.runJson()).summary['writtenBack']).toBe(0);
  });

  it('are none when the chat has another session now', async () => {
    const { home } = cleanable();
    await home.run();
    home.writeMap({ 'claude-cli': { 'chat-one-1': uuid(3) } });
    expect((await home.runJson()).summary['writtenBack']).toBe(0);
  });
});
