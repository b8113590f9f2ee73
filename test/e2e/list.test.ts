import { writeFileSync } from 'node:fs';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { Home, states, uuid } from '../support/home.js';
import { describeWith } from '../support/requirements.js';
import { shownOnTerminal } from '../support/terminal.js';

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
    expect(lines[0]).toMatch(/^PROVIDER +CHAT +SESSION +LAST ACTIVITY +IDLE +STATE +PROJECT$/);
    expect(lines[1]).toMatch(
      /^claude-cli +a +01010101 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +5\.0h +idle +-srv-work$/,
    );
    expect(lines[2]).toMatch(/^claude-cli +c +03030303 +- +- +missing +-$/);
    expect(lines[3]).toMatch(/^codex-cli +b +02020202 +\d{4}.* +0\.5h +active +-$/);
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

  it('says so when nothing is mapped', async () => {
    const home = new Home();
    expect((await home.run(['list'])).stdout).toBe(
      `No session map at ${home.mapPath} yet: nothing mapped\n`,
    );
    home.writeMap({ 'claude-cli': {} });
    expect((await home.run(['list'])).stdout).toBe(`Nothing mapped in ${home.mapPath}\n`);
  });

  it('shows tens of thousands', async () => {
    const home = new Home();
    const mappings = Array.from({ length: 20_000 }, (_, at) => [`chat-${at}`, uuid(at)]);
    home.writeMap({ 'claude-cli': Object.fromEntries(mappings) });
    const { stdout, status } = await home.run(['list']);
    expect(status).toBe(0);
    expect(stdout.match(/^claude-cli +chat-\S* +[0-9a-f]{8} +- +- +missing +-$/gm)).toHaveLength(
      20_000,
    );
  });

  it('has whole ids, paths and resume commands below each row with --verbose', async () => {
    const home = new Home();
    const transcript = home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { 'a-long-chat-id': uuid(1) } });
    const lines = (await home.run(['list', '-v'])).stdout.split('\n');
    expect(lines[1]).toMatch(/^claude-cli +a-long-chat-id +01010101 .* 5\.0h +idle +-srv-work$/);
    expect(lines.slice(2, 6)).toEqual([
      '    Chat: claude-cli/a-long-chat-id',
      `    Session: ${uuid(1)}`,
      `    Transcript: ${transcript}`,
      `    Resume: claude --resume ${uuid(1)}`,
    ]);
  });

  it('names the project by what each CLI wrote, or else by its folder', async () => {
    const home = new Home();
    const said = home.claude(uuid(1), 1);
    writeFileSync(
      said,
      '{"type":"summary","text":"\\"cwd\\":\\"/no\\""}\n{"type":"user","cwd":"/srv/my shop"}\n',
    );
    home.claude(uuid(2), 1, '-srv-blog');
    home.gemini(uuid(3), 1);
    home.codex(uuid(4), 1);
    home.writeMap({
      'claude-cli': { a: uuid(1), b: uuid(2) },
      'gemini-cli': { c: uuid(3) },
      'codex-cli': { d: uuid(4) },
    });
    const projects = async (): Promise<(string | null | undefined)[]> =>
      (await home.runJson(['list'])).sessions.map(({ project }) => project);
    expect(await projects()).toEqual(['/srv/my shop', '-srv-blog', 'work', null]);
    home.file('.gemini/tmp/work/.project_root', 1, '/srv/work');
    writeFileSync(
      home.codex(uuid(4), 1),
      '{"type":"session_meta","payload":{"id":"x","cwd":"/srv/api"}}\n',
    );
    expect(await projects()).toEqual(['/srv/my shop', '-srv-blog', '/srv/work', '/srv/api']);
  });
});

describe('list of named chats', () => {
  /** The lines below a chat's row. */
  function detailsOf(stdout: string, name: string): string[] {
    const lines = stdout.split('\n');
    const first = lines.indexOf(`    Chat: ${name}`);
    const after = lines.findIndex((line, at) => at > first && !line.startsWith('    '));
    return lines.slice(first + 1, after).map((line) => line.trimStart());
  }

  it('tells below its row what was weighed of a mapping', async () => {
    const home = new Home();
    const transcript = home.claude(uuid(1), 0.5);
    const agent = home.file(`.claude/projects/-srv-work/${uuid(1)}/subagents/agent-a.jsonl`, 0.1);
    home.writeMap({ 'claude-cli': { 'telegram:111': uuid(1), 'telegram:222': uuid(2) } });
    const { stdout, status } = await home.run(['list', 'telegram:111']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^PROVIDER .*\nclaude-cli +telegram:111 .* 0\.1h +active /);
    expect(detailsOf(stdout, 'claude-cli/telegram:111')).toEqual([
      `Session: ${uuid(1)}`,
      `Transcript: ${transcript}`,
      `Resume: claude --resume ${uuid(1)}`,
      'Decision: stays: it is active',
      'Threshold: 2 hours',
      'Process: none was seen',
      expect.stringMatching(new RegExp(`^File: \\d{4}-\\S+ \\d\\d:\\S+ extra ${agent}$`)),
      expect.stringMatching(new RegExp(`^File: \\d{4}-\\S+ \\d\\d:\\S+ transcript ${transcript}$`)),
    ]);
    expect(stdout).toMatch(/^1 of 2 mapped in /m);
    expect(stdout).not.toContain('telegram:222');
  });

  it('tells why each goes or stays', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.claude(uuid(2), 5);
    home.writeMap({ 'claude-cli': { idle: uuid(1), ruled: uuid(2), gone: uuid(3), odd: 7 } });
    const { stdout } = await home.run(['list', 'idle', 'ruled', 'gone', 'odd', '--keep', 'ruled']);
    const details = (chat: string) => detailsOf(stdout, `claude-cli/${chat}`);
    expect(details('idle')).toContain('Decision: goes');
    expect(details('ruled')).toContain('Decision: stays: --keep names it');
    expect(details('gone')).toContain(
      'Decision: stays: it has no transcript, which only --missing remove acts on',
    );
    expect(details('odd')).toContain('Decision: stays: whether it is idle is not known for sure');
  });

  it('tells of a mapping that went when it was removed, and how it comes back', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { 'chat-that-went': uuid(1) } });
    await home.run();
    const { stdout, status } = await home.run(['list', 'chat-tha']);
    expect(status).toBe(0);
    const time = '\\d{4}-\\S+ \\d\\d:\\S+';
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'claude-cli/chat-that-went is not mapped',
      expect.stringMatching(
        new RegExp(`^    Removed: ${time} session ${uuid(1)} \\(last: ${time}\\)$`),
      ),
      '    To put it back: claude-session-cleanup restore claude-cli/chat-that-went',
    ]);
    await home.run(['restore', '--all']);
    const again = (await home.run(['list', 'chat-that-went'])).stdout;
    expect(again).toMatch(/^ {4}Removed: \d{4}-\S+ \S+ session 01010101/m);
  });

  it('has all of it in the JSON document', async () => {
    const home = new Home();
    const transcript = home.codex(uuid(1), 5);
    home.claude(uuid(2), 5);
    home.writeMap({ 'claude-cli': { went: uuid(2) } });
    await home.run();
    home.writeMap({ 'codex-cli': { one: uuid(1), twin: uuid(1), other: uuid(4) } });
    const report = await home.runJson(['list', 'one', 'went', '--hours', 'codex-cli=12']);
    expect(report.sessions).toEqual([
      expect.objectContaining({
        chat: 'one',
        sharedWith: ['codex-cli/twin'],
        weighed: {
          files: [{ path: transcript, part: 'transcript', modified: expect.any(String) }],
          obstacles: [],
          process: 'none',
          thresholdHours: 12,
          isKept: false,
          missingSince: null,
          resume: `codex resume ${uuid(1)}`,
          removals: [],
        },
      }),
    ]);
    expect(report.gone).toEqual([
      {
        provider: 'claude-cli',
        chat: 'went',
        removals: [
          {
            removedAt: expect.any(String),
            session: uuid(2),
            lastActivity: expect.any(String),
          },
        ],
      },
    ]);
  });

  it('says so in one line when nothing is known of a chat', async () => {
    const home = new Home();
    home.claude(uuid(1), 1);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const { status, stdout, stderr } = await home.run(['list', 'nobody']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^claude-session-cleanup: error: no chat 'nobody' is mapped, .*\n$/);
  });
});

describe('below its rows list tells', () => {
  it('that chats share a session, and only then', async () => {
    const home = new Home();
    home.claude(uuid(1), 1);
    home.claude(uuid(2), 1);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(1), c: uuid(2) } });
    const { stdout } = await home.run(['list']);
    expect(stdout.match(/ active, shared /g)).toHaveLength(2);
    expect(stdout).toMatch(/^shared: several chats have one session/m);
    expect((await home.runJson(['list'])).sessions.map(({ sharedWith }) => sharedWith)).toEqual([
      ['claude-cli/b'],
      ['claude-cli/a'],
      [],
    ]);
    home.writeMap({ 'claude-cli': { a: uuid(1), c: uuid(2) } });
    expect((await home.run(['list'])).stdout).not.toContain('shared');
  });

  it('how the last run ended', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.claude(uuid(2), 1);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
    expect((await home.run(['list'])).stdout).toMatch(/^Last run: none is recorded$/m);
    await home.run();
    expect((await home.run(['list'])).stdout).toMatch(
      /^Last run: \d+ seconds? ago, done, 1 mapping removed$/m,
    );
    home.claude(uuid(2), 5);
    await home.run(['--max-remove', '0']);
    expect((await home.run(['list'])).stdout).toMatch(
      /^Last run: .*, failed \(1 of 1 mappings would go, .*\), 0 mappings removed$/m,
    );
  });
});

describe('list, sorted and chosen from', () => {
  function homeOfFour(): Home {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.claude(uuid(2), 0.5);
    home.codex(uuid(3), 30);
    home.writeMap({
      'codex-cli': { d: uuid(3), b: uuid(9) },
      'claude-cli': { c: uuid(1), a: uuid(2) },
    });
    return home;
  }
  const chats = async (...args: string[]): Promise<string> =>
    (await homeOfFour().runJson(['list', ...args])).sessions.map(({ chat }) => chat).join('');

  it.each([
    { args: [], shown: 'dbca' },
    { args: ['--sort', 'idle'], shown: 'dcab' },
    { args: ['--sort', 'provider'], shown: 'cadb' },
    { args: ['--sort', 'chat'], shown: 'abcd' },
    { args: ['--provider', 'codex'], shown: 'db' },
    { args: ['--provider', 'claude-cli'], shown: 'ca' },
    { args: ['--state', 'idle'], shown: 'dc' },
    { args: ['--state', 'missing'], shown: 'b' },
    { args: ['--state', 'running'], shown: '' },
    { args: ['--state', 'idle', '--provider', 'claude', '--sort', 'idle'], shown: 'c' },
  ])('by $args', async ({ args, shown }) => {
    expect(await chats(...args)).toBe(shown);
  });

  it('says how many of all mappings it shows, and counts only these', async () => {
    const home = homeOfFour();
    const { stdout } = await home.run(['list', '--provider', 'claude']);
    expect(stdout).toMatch(/^2 of 4 mapped in .*: 1 active, 1 idle for more than 2h, 0 other$/m);
    expect((await home.run(['list'])).stdout).toMatch(/^4 mapped in /m);
    const { summary } = await home.runJson(['list', '--state', 'idle']);
    expect(summary).toMatchObject({ checked: 2, active: 0, idle: 2, missing: 0 });
  });

  it('counts what was written back among what it shows', async () => {
    const home = homeOfFour();
    const text = home.mapText;
    await home.run();
    home.writeMap(text);
    const writtenBack = async (...args: string[]) =>
      (await home.runJson(['list', ...args])).summary['writtenBack'];
    expect(await writtenBack()).toBe(2);
    expect(await writtenBack('--provider', 'codex')).toBe(1);
    expect(await writtenBack('--state', 'active')).toBe(0);
  });

  it('says so when nothing matches, and refuses what it does not know', async () => {
    const home = homeOfFour();
    expect(await home.run(['list', '--provider', 'gemini'])).toMatchObject({
      status: 0,
      stdout: `Nothing mapped in ${home.mapPath} matches --provider or --state\n`,
    });
    expect(await home.run(['list', '--state', 'busy'])).toMatchObject({ status: 2 });
    expect(await home.run(['list', '--sort', 'age'])).toMatchObject({ status: 2 });
  });
});

describeWith({ commands: ['script', 'stty'] })('list on a terminal', () => {
  function show(home: Home, columns: number, ...args: string[]): string[] {
    const env = { NO_COLOR: '1', TERM: 'xterm' };
    return shownOnTerminal(home, ['list', ...args], env, columns).split(/\r?\n/);
  }

  function homeOfThree(): Home {
    const home = new Home();
    home.claude(uuid(1), 5, `-srv-${'long-'.repeat(20)}`);
    home.claude(uuid(2), 1);
    home.writeMap({ 'claude-cli': { a: uuid(1), 二二二二: uuid(2), m: uuid(3) } });
    return home;
  }

  it('shows what it shows elsewhere where there is room', async () => {
    const home = homeOfThree();
    const { stdout } = await home.run(['list']);
    expect(show(home, 200)).toEqual(stdout.split('\n'));
  });

  it.each([200, 120, 100, 80, 60, 40, 24])('fits %d columns with every line', (columns) => {
    const lines = show(homeOfThree(), columns);
    expect(lines[1]).toMatch(/ idle/);
    expect(lines.join(' ').replace(/ +/g, ' ')).toMatch(
      / 1 active, 1 idle for more than 2h, 1 other/,
    );
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  });

  it.each([120, 80, 40])('cuts long names that would take %d columns from the rest', (columns) => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({
      [`claude-${'of-somebody-'.repeat(9)}`]: { '\u0001\u0002\u0003\u0004': uuid(1) },
      odd: { b: '\u0001'.repeat(8) },
    });
    const lines = show(home, columns);
    expect(lines[1]).toMatch(
      columns > 40 ? /^claude-of-someb… .* \d{4}-\d\d-\d\d \S+ +5\.0h +idle( |$)/ : / 5\.0h +idle$/,
    );
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  });

  it.each([80, 81, 90, 91, 20])('cuts no character in two in %d columns', (columns) => {
    const home = new Home();
    home.claude(uuid(1), 5, `-${'🚀'.repeat(40)}`);
    home.writeMap({ 'claude-cli': { [`a${'🚀'.repeat(9)}`]: uuid(1) } });
    const lines = show(home, columns);
    expect(lines.join()).toContain('…');
    expect(lines.join()).not.toMatch(/\p{Cs}|\ufffd/u);
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  });

  it('has no fewer columns with --verbose', () => {
    const home = homeOfThree();
    expect(show(home, 80, '-v')[0]).toBe(show(home, 80)[0]);
  });

  it('is plain where the terminal has no size', () => {
    expect(show(homeOfThree(), 0)[0]).toMatch(/^PROVIDER .* LAST ACTIVITY .* PROJECT$/);
    expect(show(homeOfThree(), 0)[1]).toMatch(/ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d +5\.0h +idle /);
  });
});
