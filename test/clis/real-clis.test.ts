/**
 * The program against what the real CLIs write: see `versions.json` for which ones, `real-clis.ts`
 * for how they are run and kept from talking to anyone, `installed-clis.ts` for where they come
 * from. `npm run test:clis` runs it.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installClis } from './installed-clis.js';
import {
  type Cli,
  claudeCli,
  codexCli,
  geminiCli,
  killLeftOvers,
  type Place,
  type Running,
  setGeminiRetention,
} from './real-clis.js';
import { filesBelow, filesOf, fingerprint, newestChange, setAge } from './session-files.js';
import { REPLY, type StandIn, SUB_AGENT_PROMPT, startStandIn } from './stand-in-api.js';

const PROGRAM = resolve(import.meta.dirname, '../../bin/claude-session-cleanup.js');
const PROVIDERS = ['claude-cli', 'codex-cli', 'gemini-cli'] as const;
type Provider = (typeof PROVIDERS)[number];

const { clis: installed, problem } = await installClis();
const mustRun = process.env['CI'] === 'true';
if (problem !== null) console.warn(`real CLIs: ${mustRun ? 'failed' : 'skipped'}, ${problem}`);

it.skipIf(problem !== null && !mustRun)('the real CLIs can be installed', () => {
  expect(problem).toBeNull();
});

describe.skipIf(installed === null)('with the real CLIs', { timeout: 30_000 }, () => {
  let root: string;
  let place: Place;
  let standIn: StandIn;
  let clis: Readonly<Record<Provider, Cli>>;
  /** One session of each, run once and resumed once. */
  let sessions: Readonly<Record<Provider, string>>;

  beforeAll(async () => {
    if (installed === null) return;
    root = await mkdtemp(join(tmpdir(), 'real-clis-'));
    standIn = await startStandIn();
    place = {
      home: join(root, 'home'),
      workspace: join(root, 'workspace'),
      temporary: join(root, 'tmp'),
      standIn: standIn.url,
    };
    for (const folder of [place.home, place.workspace, place.temporary]) await mkdir(folder);
    clis = {
      'claude-cli': await claudeCli(installed, place),
      'codex-cli': await codexCli(installed, place),
      'gemini-cli': await geminiCli(installed, place),
    };
    const ran = await Promise.all(
      PROVIDERS.map(async (provider) => {
        const session = await answered(clis[provider].run(`Begin with ${provider}.`), provider);
        const resumed = clis[provider].resume(session, `Go on with ${provider}.`);
        return [provider, await answered(resumed, provider), session] as const;
      }),
    );
    for (const [, resumed, session] of ran) expect(resumed).toBe(session);
    sessions = Object.fromEntries(ran) as Record<Provider, string>;
  }, 60_000);

  afterAll(async () => {
    await killLeftOvers();
    await standIn?.close();
    if (root !== undefined) await rm(root, { recursive: true, force: true });
  });

  describe.each(PROVIDERS)('%s', (provider) => {
    it('run once and resumed once is one session: found, active, at its newest change', async () => {
      const files = await filesOf(clis[provider].transcripts, sessions[provider]);
      expect(files.length).toBeGreaterThan(0);

      const { report } = await cleanup(await mapOf(sessions), '--dry-run');

      expect(report.summary).toMatchObject({ checked: 3, missing: 0, unreadable: 0 });
      expect(about(report, provider)).toMatchObject({
        session: sessions[provider],
        state: 'active',
        action: 'kept',
        lastActivity: (await newestChange(files)).toISOString(),
      });
      expect(files).toContain(about(report, provider).transcript);
    });

    it('aged: a dry run says that it would go, and changes nothing', async () => {
      const map = await mapOf(sessions);
      await onlyAged(provider);
      const before = await fingerprint(root);

      const { report } = await cleanup(map, '--dry-run');

      expect(actions(report)).toEqual({ ...allKept, [provider]: 'would-remove' });
      expect(await fingerprint(root)).toEqual(before);
    });

    it('aged: a run removes its mapping and no other, and touches no transcript', async () => {
      const map = await mapOf(sessions);
      await onlyAged(provider);
      const before = await fingerprint(place.home);

      const { report } = await cleanup(map);

      expect(actions(report)).toEqual({ ...allKept, [provider]: 'removed' });
      expect(await mapped(map)).toEqual({ ...sessions, [provider]: undefined });
      expect(await fingerprint(place.home)).toEqual(before);
    });

    it('cleaned: the CLI still resumes it by its id, and then it is active again', async () => {
      await onlyAged(provider);
      const map = await mapOf(sessions);
      await cleanup(map);

      const resumed = clis[provider].resume(sessions[provider], 'Are you still there?');

      expect(await answered(resumed, provider)).toBe(sessions[provider]);
      const { report } = await cleanup(await mapOf(sessions), '--dry-run');
      expect(about(report, provider)).toMatchObject({ state: 'active', action: 'kept' });
    });

    it('aged while it runs: --keep-running keeps it until the process has ended', async () => {
      const map = await mapOf(sessions);
      const held = await heldResume(provider, `Take your time, ${provider}.`);

      const whileRunning = await cleanup(map, '--keep-running');
      const withoutTheOption = await cleanup(map, '--dry-run');
      held.release();
      await answered(held.cli, provider);
      await onlyAged(provider);
      const afterwards = await cleanup(map, '--keep-running');

      const idle = { state: 'idle', session: sessions[provider] };
      expect(about(whileRunning.report, provider)).toMatchObject({
        ...idle,
        running: true,
        action: 'kept',
      });
      expect(actions(withoutTheOption.report)).toEqual({ ...allKept, [provider]: 'would-remove' });
      expect(about(afterwards.report, provider)).toMatchObject({
        ...idle,
        running: false,
        action: 'removed',
      });
    });
  });

  it.each(['claude-cli', 'codex-cli'] as const)(
    '%s: what a killed process leaves behind does not pass for a running one',
    async (provider) => {
      const map = await mapOf(sessions);
      const held = await heldResume(provider, `You will be killed, ${provider}.`);
      const running = await cleanup(map, '--keep-running');

      held.cli.kill();
      await held.cli.finished;
      held.release();
      const left = await runtimeFilesOf(provider);
      const { report } = await cleanup(map, '--keep-running');

      expect(about(running.report, provider)).toMatchObject({ running: true, action: 'kept' });
      expect(left).toHaveLength(1);
      expect(about(report, provider)).toMatchObject({ running: false, action: 'removed' });
    },
  );

  it("claude-cli: a sub-agent's transcript counts as activity of its parent", async () => {
    const claude = clis['claude-cli'];
    standIn.delegate('Send somebody.');
    const parent = await answered(claude.run('Send somebody.'), 'claude-cli');
    const files = await filesOf(claude.transcripts, parent);
    const ofSubAgent = await filesOf(claude.transcripts, SUB_AGENT_PROMPT).then((found) =>
      found.filter((file) => basename(file) !== `${parent}.jsonl`),
    );
    expect(ofSubAgent).toHaveLength(1);
    expect(files).toEqual(expect.arrayContaining(ofSubAgent));
    const map = await mapOf({ 'claude-cli': parent });

    await setAge(files, 3);
    await setAge(ofSubAgent, 0.5);
    const atWork = await cleanup(map);
    await setAge(ofSubAgent, 3);
    const done = await cleanup(map);

    expect(about(atWork.report, 'claude-cli')).toMatchObject({ state: 'active', action: 'kept' });
    expect(about(done.report, 'claude-cli')).toMatchObject({ state: 'idle', action: 'removed' });
  });

  it('gemini-cli: a session in two files is one; deleted by the CLI itself, it is kept', async () => {
    const gemini = clis['gemini-cli'];
    const session = sessions['gemini-cli'];
    // As if it had begun in an earlier minute: the next resume then writes a second file.
    for (const file of await filesOf(gemini.transcripts, session)) {
      const earlier = basename(file).replace(/\d{4}-\d\d-\d\dT\d\d-\d\d/, '2026-01-01T00-00');
      await rename(file, join(dirname(file), earlier));
    }
    await answered(gemini.resume(session, 'Go on, some minutes later.'), 'gemini-cli');
    const files = await filesOf(gemini.transcripts, session);
    expect(files).toHaveLength(2);
    await setAge(files, 3);
    await setAge(files.slice(0, 1), 0.5);

    const map = await mapOf({ 'gemini-cli': session });
    const inTwoFiles = await cleanup(map);
    await setGeminiRetention(place, true);
    await answered(gemini.run('Something else.'), 'gemini-cli');
    const left = await filesOf(gemini.transcripts, session);
    const deleted = await cleanup(map);

    expect(about(inTwoFiles.report, 'gemini-cli')).toMatchObject({
      state: 'active',
      lastActivity: expect.any(String),
      transcript: files[0],
    });
    expect(left).toEqual([]);
    expect(about(deleted.report, 'gemini-cli')).toMatchObject({
      state: 'missing',
      lastActivity: null,
      action: 'kept',
    });
  });

  it('none of them asked for anything but the stand-in', () => {
    expect(standIn.strangers).toEqual([]);
    expect(new Set(standIn.requests)).toEqual(
      new Set([
        'POST /v1/messages',
        'POST /v1/responses',
        'POST /v1beta/models/gemini-2.5-flash:streamGenerateContent',
      ]),
    );
  });

  /** Waits for the CLI's answer and gives the id of its session. */
  async function answered(cli: Running, provider: Provider): Promise<string> {
    const { status, stdout, stderr } = await cli.finished;
    expect(stdout, `${provider} ended with status ${status}: ${stderr}`).toContain(REPLY);
    const session = clis[provider].sessionOf(stdout);
    if (session === undefined) throw new Error(`${provider} named no session: ${stdout}`);
    return session;
  }

  /** Ages this provider's session by three hours and makes the others' fresh. */
  async function onlyAged(aged: Provider): Promise<void> {
    for (const provider of PROVIDERS) {
      const files = await filesOf(clis[provider].transcripts, sessions[provider]);
      await setAge(files, provider === aged ? 3 : 0);
    }
  }

  /** A resume that waits for its answer, with transcripts that have aged meanwhile. */
  async function heldResume(provider: Provider, prompt: string) {
    const { arrived, release } = standIn.holdReplyTo(prompt);
    const cli = clis[provider].resume(sessions[provider], prompt);
    const early = cli.finished.then(({ stderr }) => {
      throw new Error(`${provider} ended before it asked: ${stderr}`);
    });
    await Promise.race([arrived, early]);
    early.catch(() => undefined);
    // The CLI may write a last line after it sent its request.
    const hourAgo = Date.now() - 3_600_000;
    for (let quiet = false; !quiet; ) {
      await onlyAged(provider);
      await new Promise((done) => setTimeout(done, 200));
      const files = await filesOf(clis[provider].transcripts, sessions[provider]);
      quiet = (await newestChange(files)).getTime() < hourAgo;
    }
    return { cli, release };
  }

  /** What Claude and Codex keep on disk about a process of this session. */
  async function runtimeFilesOf(provider: 'claude-cli' | 'codex-cli'): Promise<string[]> {
    const folder = provider === 'claude-cli' ? '.claude/sessions' : '.codex/thread-writer-locks';
    const found: string[] = [];
    for (const file of await filesBelow(join(place.home, folder))) {
      const text = `${file} ${await readFile(file, 'utf8')}`;
      if (text.includes(sessions[provider])) found.push(file);
    }
    return found;
  }

  /** A map, in a directory of its own, that gives each session to one chat. */
  async function mapOf(given: Partial<Record<Provider, string>>): Promise<string> {
    const folder = await mkdtemp(join(root, 'sessions-'));
    const sections = PROVIDERS.map((provider) => {
      const session = given[provider];
      return [provider, session === undefined ? {} : { [chatOf(provider)]: session }] as const;
    });
    await writeFile(
      join(folder, 'session_map.json'),
      JSON.stringify(Object.fromEntries(sections)),
      { mode: 0o600 },
    );
    return folder;
  }

  async function mapped(folder: string): Promise<Record<string, string | undefined>> {
    const text = await readFile(join(folder, 'session_map.json'), 'utf8');
    const map = JSON.parse(text) as Record<string, Record<string, string>>;
    return Object.fromEntries(
      PROVIDERS.map((provider) => [provider, map[provider]?.[chatOf(provider)]]),
    );
  }

  function cleanup(folder: string, ...options: string[]): Promise<{ report: Report }> {
    const args = [PROGRAM, '--json', '--session-dir', folder, ...options];
    const env = { HOME: place.home, PATH: '/usr/bin:/bin' };
    return new Promise((done, failed) => {
      execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
        if (error === null) done({ report: JSON.parse(stdout) as Report });
        else failed(new Error(`${error.message}\n${stderr}${stdout}`));
      });
    });
  }
});

interface Report {
  readonly sessions: readonly {
    readonly provider: string;
    readonly chat: string;
    readonly session: string;
    readonly state: string;
    readonly lastActivity: string | null;
    readonly transcript: string | null;
    readonly running: boolean;
    readonly action: string;
  }[];
  readonly summary: Readonly<Record<string, number>>;
}

const allKept = Object.fromEntries(PROVIDERS.map((provider) => [provider, 'kept']));

function actions(report: Report): Record<string, string> {
  return Object.fromEntries(report.sessions.map(({ provider, action }) => [provider, action]));
}

function about(report: Report, provider: Provider): Report['sessions'][number] {
  const [found, ...more] = report.sessions.filter((session) => session.provider === provider);
  if (found === undefined || more.length > 0) throw new Error(`not one session of ${provider}`);
  return found;
}

function chatOf(provider: Provider): string {
  return `chat-of-${provider}`;
}
