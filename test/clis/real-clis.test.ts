/**
 * The program against what the real CLIs write: see `versions.json` for which ones, `real-clis.ts`
 * for how they are run and kept from talking to anyone, `installed-clis.ts` for where they come
 * from. `npm run test:clis` runs it.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { JsonReport } from '../support/home.js';
import { ALL_KEPT, about, actions, clean, print, readMap, writeMap } from './cleanup-program.js';
import { installClis } from './installed-clis.js';
import {
  type Cli,
  claudeCli,
  codexCli,
  geminiCli,
  killLeftOvers,
  type Place,
  PROVIDERS,
  type Provider,
  type Running,
  setGeminiRetention,
} from './real-clis.js';
import { filesBelow, filesOf, fingerprint, newestChange, setAge } from './session-files.js';
import { REPLY, type StandIn, startStandIn } from './stand-in-api.js';

/** How long to wait for what a CLI does in its own time. */
const PATIENT = { timeout: 20_000, interval: 100 };

const { clis: installed, problem } = await installClis();
const mustRun = process.env['CI'] === 'true';
if (problem !== null) console.warn(`real CLIs: ${mustRun ? 'failed' : 'skipped'}, ${problem}`);

it.skipIf(problem !== null && !mustRun)('the real CLIs can be installed', () => {
  expect(problem).toBeNull();
});

describe.skipIf(installed === null)('with the real CLIs', { timeout: 60_000 }, () => {
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
    const begun = PROVIDERS.map(async (provider) => {
      const cli = clis[provider];
      const begin = cli.run(`Begin with ${provider}.`, crypto.randomUUID());
      const session = await answered(begin, provider);
      const resumed = await answered(cli.resume(session, `Go on with ${provider}.`), provider);
      expect(resumed).toBe(session);
      return [provider, session] as const;
    });
    sessions = Object.fromEntries(await Promise.all(begun)) as Record<Provider, string>;
  }, 120_000);

  afterAll(async () => {
    await killLeftOvers();
    await standIn?.close();
    if (root !== undefined) await rm(root, { recursive: true, force: true });
  });

  describe.each(PROVIDERS)('%s', (provider) => {
    it('run once and resumed once is one session: found, active, at its newest change', async () => {
      const files = await filesOf(clis[provider].transcripts, sessions[provider]);
      expect(files.length).toBeGreaterThan(0);

      const report = await cleanup(await mapOf(sessions), '--dry-run');

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

      const report = await cleanup(map, '--dry-run');

      expect(actions(report)).toEqual({ ...ALL_KEPT, [provider]: 'would-remove' });
      expect(await fingerprint(root)).toEqual(before);
    });

    it('aged: a run removes its mapping and no other, and touches no transcript', async () => {
      const map = await mapOf(sessions);
      await onlyAged(provider);
      const before = await fingerprint(place.home);

      const report = await cleanup(map);

      const { [provider]: _, ...others } = sessions;
      expect(actions(report)).toEqual({ ...ALL_KEPT, [provider]: 'removed' });
      expect(await readMap(map)).toEqual(others);
      expect(await fingerprint(place.home)).toEqual(before);
    });

    it('aged: the report for people says so', async () => {
      const map = await mapOf(sessions);
      await onlyAged(provider);

      const text = await print(place.home, map);

      const session = sessions[provider].slice(0, 8);
      const line = `🧹 ${provider}/chat-of-[a-z]+: Session ${session} idle for 3\\.0h \\(last: `;
      expect(text).toMatch(new RegExp(line));
      expect(text.match(/✅ .* active/g)).toHaveLength(2);
      expect(text).toContain('Cleaned up: 1 mapping');
    });

    it('cleaned: the CLI still resumes it by its id, and then it is active again', async () => {
      await onlyAged(provider);
      const map = await mapOf(sessions);
      await cleanup(map);

      const resumed = clis[provider].resume(sessions[provider], 'Are you still there?');

      expect(await answered(resumed, provider)).toBe(sessions[provider]);
      const report = await cleanup(await mapOf(sessions), '--dry-run');
      expect(about(report, provider)).toMatchObject({ state: 'active', action: 'kept' });
    });

    it('aged while it runs: it is kept until the process has ended', async () => {
      const map = await mapOf(sessions);
      const prompt = `Take your time, ${provider}.`;
      const idle = { state: 'idle', session: sessions[provider] };
      const { cli, release } = await held(provider, prompt, () =>
        clis[provider].resume(sessions[provider], prompt),
      );

      // The CLI may write a last line after it sent its request: then it is aged once more.
      await vi.waitFor(async () => {
        await onlyAged(provider);
        const unasked = await cleanup(map, '--dry-run', '--no-keep-running');
        const kept = await cleanup(map);
        expect(actions(unasked)).toEqual({ ...ALL_KEPT, [provider]: 'would-remove' });
        expect(about(kept, provider)).toMatchObject({ ...idle, running: true, action: 'kept' });
        const listed = await print(place.home, map, 'list', '--state', 'running');
        expect(listed).toMatch(new RegExp(`^${provider} .* running now +${place.workspace}$`, 'm'));
      }, PATIENT);
      release();
      await answered(cli, provider);
      await onlyAged(provider);
      const report = await cleanup(map);

      expect(about(report, provider)).toMatchObject({ ...idle, running: false, action: 'removed' });
    });
  });

  it.each(['claude-cli', 'codex-cli'] as const)(
    '%s: a session in none of its arguments is seen to run, until the process is killed',
    async (provider) => {
      const { transcripts, run } = clis[provider];
      const prompt = `You will be killed, ${provider}.`;
      const known = await filesBelow(transcripts);
      const { cli, release } = await held(provider, prompt, () => run(prompt));
      const session = await vi.waitFor(async () => {
        const [added] = (await filesBelow(transcripts)).filter((file) => !known.includes(file));
        const id = /[^-]{8}(-[^-]{4}){3}-[^-]{12}(?=\.jsonl$)/.exec(added ?? '')?.[0];
        if (id === undefined) throw new Error(`${provider} has begun no transcript`);
        return id;
      }, PATIENT);
      const map = await mapOf({ [provider]: session });

      await vi.waitFor(async () => {
        const report = await cleanup(map);
        expect(about(report, provider)).toMatchObject({ running: true, action: 'kept' });
      }, PATIENT);
      cli.kill();
      await cli.finished;
      release();
      await setAge(await filesOf(transcripts, session), 3);
      const left = await runtimeFilesOf(provider, session);
      const report = await cleanup(map);

      expect(left).toHaveLength(1);
      expect(about(report, provider)).toMatchObject({ running: false, action: 'removed' });
    },
  );

  it.each(['claude-cli', 'codex-cli'] as const)(
    "%s: a sub-agent's transcript counts as activity of its parent",
    async (provider) => {
      const { transcripts, run } = clis[provider];
      const prompt = `Send somebody, ${provider}.`;
      standIn.delegate(prompt);
      const parent = await answered(run(prompt), provider);
      const files = await filesOf(transcripts, parent);
      const [own = '', ...others] = files.filter((file) => basename(file).includes(parent));
      const ofSubAgent = files.filter((file) => !basename(file).includes(parent));
      expect(others).toEqual([]);
      expect(ofSubAgent.filter((file) => file.endsWith('.jsonl'))).toHaveLength(1);
      const map = await mapOf({ [provider]: parent });

      await setAge(files, 3);
      await setAge(ofSubAgent, 0.5);
      const atWork = await cleanup(map);
      await setAge(ofSubAgent, 3);
      const done = await cleanup(map);
      await rm(own);
      const leftover = await cleanup(await mapOf({ [provider]: parent }));

      expect(about(atWork, provider)).toMatchObject({ state: 'active', action: 'kept' });
      expect(about(done, provider)).toMatchObject({ state: 'idle', action: 'removed' });
      expect(about(leftover, provider)).toMatchObject({ state: 'missing', action: 'kept' });
    },
  );

  it.each(['file', 'bridge'] as const)(
    'claude-cli: a resume that waits for its SessionStart hook is kept (by %s)',
    async (way) => {
      const session = sessions['claude-cli'];
      const settings = join(place.home, '.claude/settings.json');
      const hook = { type: 'command', command: 'sleep 5' };
      await writeFile(settings, JSON.stringify({ hooks: { SessionStart: [{ hooks: [hook] }] } }));
      onTestFinished(() => rm(settings, { force: true }));
      const map = await mapOf({ 'claude-cli': session });
      const bridge = await startBridge({ 'claude-cli': { 'chat-of-claude-cli': session } });
      const asked = way === 'bridge' ? ['--bridge-url', bridge.url] : [];
      await onlyAged('claude-cli');

      const cli = clis['claude-cli'].resume(session, 'Go on, behind a slow hook.');
      await vi.waitFor(async () => {
        const seen = await cleanup(map, '--dry-run', ...asked);
        expect(about(seen, 'claude-cli').running).toBe(true);
      }, PATIENT);
      const report = await cleanup(map, ...asked);
      await answered(cli, 'claude-cli');

      expect(about(report, 'claude-cli')).toMatchObject({
        state: 'idle',
        keptBecause: 'running',
        action: 'kept',
      });
      expect(bridge.deletions).toEqual([]);
    },
  );

  it('gemini-cli: a session in two files is one; deleted by the CLI itself, it is kept', async () => {
    const gemini = clis['gemini-cli'];
    const session = sessions['gemini-cli'];
    const original = await begunEarlier(session);
    await answered(gemini.resume(session, 'Go on, some minutes later.'), 'gemini-cli');
    const files = await filesOf(gemini.transcripts, session);
    expect(files).toHaveLength(2);
    await setAge(files, 3);
    await setAge([original], 0.5);
    const lastActivity = (await newestChange(files)).toISOString();
    const map = await mapOf({ 'gemini-cli': session });

    const inTwoFiles = await cleanup(map);
    await setGeminiRetention(place, true);
    const { cli, release } = await held('gemini-cli', 'Something else.', () =>
      gemini.run('Something else.'),
    );
    // It deletes beside its work and does not wait for that at its end.
    await vi.waitFor(async () => {
      expect(await filesOf(gemini.transcripts, session)).toEqual([]);
    }, PATIENT);
    release();
    await answered(cli, 'gemini-cli');
    const deleted = await cleanup(map);

    expect(about(inTwoFiles, 'gemini-cli')).toMatchObject({
      state: 'active',
      lastActivity,
      transcript: original,
    });
    expect(about(deleted, 'gemini-cli')).toMatchObject({
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

  function mapOf(mapped: Partial<Record<Provider, string>>): Promise<string> {
    return writeMap(root, mapped);
  }

  function cleanup(map: string, ...options: string[]): Promise<JsonReport> {
    return clean(place.home, map, ...options);
  }

  /** Waits for the CLI's answer and gives the id of its session. */
  async function answered(cli: Running, provider: Provider): Promise<string> {
    const { status, stdout, stderr } = await cli.finished;
    expect(stdout, `${provider} ended with status ${status}: ${stderr}`).toContain(REPLY);
    const session = clis[provider].sessionOf(stdout);
    if (session === undefined) throw new Error(`${provider} named no session: ${stdout}`);
    return session;
  }

  /** A bridge with this memory, until the test is over. */
  async function startBridge(memory: Record<string, Record<string, string>>) {
    const deletions: string[] = [];
    const server = createServer((request, response) => {
      if (request.method === 'DELETE') deletions.push(request.url ?? '');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ sessions: memory }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, deletions };
  }

  /** Ages this provider's session by three hours and makes the others' fresh. */
  async function onlyAged(aged: Provider): Promise<void> {
    for (const provider of PROVIDERS) {
      const files = await filesOf(clis[provider].transcripts, sessions[provider]);
      await setAge(files, provider === aged ? 3 : 0);
    }
  }

  /** A CLI that waits for its answer, at the most until the test is over. */
  async function held(provider: Provider, prompt: string, start: () => Running) {
    const { arrived, release } = standIn.holdReplyTo(prompt);
    onTestFinished(async () => {
      release();
      await killLeftOvers();
    });
    const cli = start();
    const ended = cli.finished.then(({ stderr }) => {
      throw new Error(`${provider} ended before it asked: ${stderr}`);
    });
    await Promise.race([arrived, ended]);
    return { cli, release };
  }

  /** What Claude and Codex keep on disk about a process of this session. */
  async function runtimeFilesOf(
    provider: 'claude-cli' | 'codex-cli',
    session: string,
  ): Promise<string[]> {
    const folder = provider === 'claude-cli' ? '.claude/sessions' : '.codex/thread-writer-locks';
    const found: string[] = [];
    for (const file of await filesBelow(join(place.home, folder))) {
      const text = `${file} ${await readFile(file, 'utf8')}`;
      if (text.includes(session)) found.push(file);
    }
    return found;
  }

  /**
   * Makes a Gemini session look as if it had begun in a minute long past: the next resume then
   * writes a second file, as earlier ones have if the clock moved on to another minute meanwhile.
   */
  async function begunEarlier(session: string): Promise<string> {
    const [first, ...later] = await filesOf(clis['gemini-cli'].transcripts, session);
    if (first === undefined) throw new Error('Gemini left no transcript');
    for (const file of later) await rm(file);
    const name = basename(first).replace(/\d{4}-\d\d-\d\dT\d\d-\d\d/, '2026-01-01T00-00');
    const earlier = join(dirname(first), name);
    await rename(first, earlier);
    return earlier;
  }
});
