import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { describeWith } from '../support/requirements.js';

const SOMEBODY = 4711;

describe('a sign of running sessions that can not be looked at', () => {
  interface Place {
    readonly provider: 'claude-cli' | 'codex-cli';
    readonly path: string;
    readonly why: string;
    make(path: string): void;
  }

  const PLACES: Place[] = [
    {
      provider: 'codex-cli',
      path: '.codex/thread-writer-locks',
      why: 'too many symbolic links',
      make: (path) => symlinkSync(path, path),
    },
    {
      provider: 'codex-cli',
      path: `.codex/thread-writer-locks/${uuid(1)}.lock`,
      why: 'too many symbolic links',
      make: (path) => symlinkSync(path, path),
    },
    {
      provider: 'claude-cli',
      path: '.claude/sessions',
      why: 'too many symbolic links',
      make: (path) => symlinkSync(path, path),
    },
  ];

  function homeWith({ provider, path, make }: Place): { home: Home; full: string } {
    const home = new Home();
    if (provider === 'claude-cli') home.claude(uuid(1), 5);
    else home.codex(uuid(1), 5);
    home.writeMap({ [provider]: { a: uuid(1) } });
    const full = join(home.dir, path);
    mkdirSync(dirname(full), { recursive: true });
    make(full);
    return { home, full };
  }

  it.each(PLACES)('is said, and hinders nothing: $path, $why', async (place) => {
    const { home, full } = homeWith(place);
    const warning = `claude-session-cleanup: warning: ${full}: can't be read: ${place.why}; whether sessions run right now is not known, and --keep-running keeps them\n`;
    const listed = await home.run(['list']);
    expect(listed).toMatchObject({ status: 0, stderr: warning });
    expect(listed.stdout).toMatch(/^\S+ +a +.* idle /m);

    const kept = await home.run(['--keep-running']);
    expect(kept).toMatchObject({ status: 0, stderr: warning });
    expect(kept.stdout).toContain('     Kept: its process may run right now\n');
    expect(home.map).toEqual({ [place.provider]: { a: uuid(1) } });

    expect(await home.run(['--no-keep-running'])).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ [place.provider]: {} });
  });

  it('is also a file where a directory belongs', async () => {
    const { home, full } = homeWith({
      provider: 'codex-cli',
      path: '.codex/thread-writer-locks',
      why: 'not a directory',
      make: () => {},
    });
    home.file('.codex/thread-writer-locks', 0, '');
    const { status, stderr } = await home.run(['list']);
    expect(status).toBe(0);
    expect(stderr).toContain(`${full}: can't be read: not a directory`);
  });

  describeWith({ root: true })('as another user', () => {
    it.each([
      { provider: 'codex-cli', path: '.codex/thread-writer-locks' },
      { provider: 'claude-cli', path: '.claude/sessions' },
    ] as const)("is also somebody else's directory: $path", async (place) => {
      const make = (path: string): void => mkdirSync(path, { mode: 0o700 });
      const { home, full } = homeWith({ ...place, why: 'permission denied', make });
      home.openToAll();
      const report = await home.run(['--keep-running', '--dry-run'], { user: SOMEBODY });
      expect(report.status).toBe(0);
      expect(report.stderr).toContain(`${full}: can't be read: permission denied`);
      expect(report.stdout).toContain('Kept: its process may run right now');
    });

    it("is also an entry of Claude's registry, while there is such a process", async () => {
      const { home, full } = homeWith({
        provider: 'claude-cli',
        path: `.claude/sessions/${process.pid}.json`,
        why: 'permission denied',
        make: () => {},
      });
      home.openToAll();
      chmodSync(home.file(`.claude/sessions/${process.pid}.json`, 0), 0o600);
      home.file('.claude/sessions/4000000.json', 0, 'nothing that makes sense');
      const { status, stderr } = await home.run(['list'], { user: SOMEBODY });
      expect(status).toBe(0);
      expect(stderr.match(/can't be read/g)).toHaveLength(1);
      expect(stderr).toContain(`${full}: can't be read: permission denied`);
    });
  });
});

describe('an id among the arguments of a process', () => {
  it.each([
    { words: (id: string) => ['--resume', id], running: true },
    { words: (id: string) => [`--resume=${id}`], running: true },
    { words: (id: string) => ['exec', 'resume', id], running: true },
    { words: (id: string) => ['-e', id], running: false },
  ])(
    'is taken for a session that runs where it is taken up, $running',
    async ({ words, running }) => {
      const home = new Home();
      const session = randomUUID();
      home.claude(session, 5);
      home.writeMap({ 'claude-cli': { a: session } });
      const code = 'setTimeout(() => {}, 60_000)';
      const child = spawn(process.execPath, ['--eval', code, '--', ...words(session)]);
      onTestFinished(() => void child.kill('SIGKILL'));
      expect((await home.runJson(['list'])).sessions[0]?.running).toBe(running);
      await home.run(['--keep-running']);
      expect(home.map).toEqual({ 'claude-cli': { a: session } });
    },
  );
});
