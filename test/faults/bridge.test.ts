import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { age, Home, type JsonReport, uuid } from '../support/home.js';
import { describeWith } from '../support/requirements.js';

const RUNS = Number(process.env['BRIDGE_RUNS'] ?? (process.env['CI'] === 'true' ? 100 : 20));
const HOUR_MS = 3600 * 1000;
// The mean time between two changes of the bridge's chats.
const PAUSE_S = 0.015;
// In every other run they start within so many times what the last run took, so that the file is
// committed before or beside a save.
const QUIET_RUNS = 2;

type Mappings = Readonly<Record<string, Readonly<Record<string, string | null>>>>;

/** How a bridge goes wrong: see Fault in bridge.py. */
interface Fault {
  readonly how?: string;
  readonly status?: number;
  readonly body?: string;
  readonly does?: boolean;
  readonly switch?: Mappings;
  readonly touch?: string;
  readonly nth?: number;
}

/** What a bridge has in memory, what it should have, and what it was asked for. */
interface BridgeState {
  readonly memory: Mappings;
  readonly expected: Mappings;
  readonly counts: Readonly<Record<'saves' | 'opened' | 'changed' | 'ended', number>>;
  readonly asked: Readonly<Record<'GET' | 'DELETE' | 'elsewhere', number>>;
}

/** A bridge in a process of its own, with the map of a home: bridge.py. */
class RunningBridge {
  readonly #home: Home;
  #child: ChildProcess | undefined;
  #port = 0;
  #isOver = false;

  private constructor(home: Home) {
    this.#home = home;
  }

  static async start(home: Home): Promise<RunningBridge> {
    const bridge = new RunningBridge(home);
    onTestFinished(() => bridge.end());
    await bridge.#launch();
    return bridge;
  }

  async #launch(): Promise<void> {
    const script = join(import.meta.dirname, 'bridge.py');
    const child = spawn('python3', [script, this.#home.mapPath, String(this.#port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    const [port] = await once(createInterface(child.stdout), 'line');
    this.#port = Number(port);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    if (this.#child?.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  /** Starts it again whenever it ends, as a service manager does. */
  startAgainWhenEnded(): void {
    this.#child?.once('exit', async () => {
      if (this.#isOver) return;
      await this.#launch();
      this.startAgainWhenEnded();
    });
  }

  async tell(what: string, details: unknown = {}): Promise<BridgeState> {
    const body = JSON.stringify(details);
    const answer = await fetch(`${this.address}test/${what}`, { method: 'POST', body });
    return (await answer.json()) as BridgeState;
  }

  async state(): Promise<BridgeState> {
    return await this.tell('state');
  }

  async memory(): Promise<Mappings> {
    return (await this.state()).memory;
  }

  async breakAt(method: 'GET' | 'DELETE', fault: Fault): Promise<void> {
    await this.tell('break', { method, ...fault });
  }
}

const IDLE = uuid(1);
const ACTIVE = uuid(2);
const OTHER_SECTIONS = {
  'devstral-small-2': { x: 'not a session of ours' },
  'interactive-discussion': {},
};
const MAP = {
  'claude-cli': { idle: IDLE, busy: ACTIVE },
  'codex-cli': {},
  ...OTHER_SECTIONS,
};
const CLEANED = { ...MAP, 'claude-cli': { busy: ACTIVE } };

/** A home with one idle and one active session. */
function homeWith(map: unknown = MAP): Home {
  const home = new Home();
  home.claude(IDLE, 5);
  home.claude(ACTIVE, 0.1);
  home.writeMap(map);
  return home;
}

async function bridgeWith(map: unknown = MAP): Promise<{ home: Home; bridge: RunningBridge }> {
  const home = homeWith(map);
  return { home, bridge: await RunningBridge.start(home) };
}

function vias(report: JsonReport): Record<string, string | null> {
  return Object.fromEntries(report.sessions.map(({ chat, via }) => [chat, via]));
}

/** One line, which names the bridge: no stack trace, no internal error. */
function oneLineAbout(bridge: RunningBridge): RegExp {
  const address = bridge.address.replaceAll('.', '\\.');
  return new RegExp(`^claude-session-cleanup: error: bridge ${address}: \\S[^\\n]+\\n$`);
}

describeWith({ commands: ['python3'] })('a running bridge', () => {
  describe('asked with --bridge-url while chats are opened, changed and ended', () => {
    it('forgets every idle mapping, and loses no other', { timeout: HOUR_MS }, async () => {
      const home = new Home();
      const project = join(home.dir, '.claude/projects/-open');
      mkdirSync(project, { recursive: true });
      home.claude(ACTIVE, 0);
      home.writeMap({ ...MAP, 'claude-cli': { busy: ACTIVE } });
      const bridge = await RunningBridge.start(home);
      const url = ['--bridge-url', bridge.address];
      const tally = { byBridge: 0, byFile: 0 };
      let lastRunS = 0;

      for (let run = 1; run <= RUNS; run += 1) {
        age(join(home.dir, `.claude/projects/-srv-work/${ACTIVE}.jsonl`), 0);
        const [first, second, codex, stray] = [1, 2, 3, 4].map((n) => uuid(10 * run + n)) as [
          string,
          string,
          string,
          string,
        ];
        for (const session of [first, second, stray]) home.claude(session, 5);
        home.codex(codex, 5);
        await bridge.tell('open', {
          // The bridge guesses a new session's id from the newest transcript: two chats can share one.
          'claude-cli': { [`idle-${run}-a`]: first, [`idle-${run}-b`]: second, idle: second },
          'codex-cli': { [`idle-${run}-c`]: codex },
        });
        await bridge.tell('leave', { 'claude-cli': { 'idle-stray': stray } });
        const quiet = run % 2 === 0 ? QUIET_RUNS * lastRunS : 0;
        await bridge.tell('busy', { project, pause: PAUSE_S, quiet });
        const startedAt = performance.now();
        const { status, stdout, stderr } = await home.run([...url, '--json']);
        lastRunS = (performance.now() - startedAt) / 1000;
        const atRest = await bridge.tell('rest');
        const fileAtRest = home.map;
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });

        const report = JSON.parse(stdout) as JsonReport;
        const idle = report.sessions.filter(({ chat }) => chat.startsWith('idle'));
        expect(vias(report)).toMatchObject({
          [`idle-${run}-a`]: 'bridge',
          [`idle-${run}-b`]: 'bridge',
          [`idle-${run}-c`]: 'bridge',
          idle: 'bridge',
        });
        // The bridge's own saves may take what stands only in the file first.
        tally.byFile += idle.filter(({ via }) => via === 'file').length;
        tally.byBridge += idle.filter(({ via }) => via === 'bridge').length;
        expect(report.summary['writtenBack']).toBe(0);

        expect(atRest.memory).toEqual(atRest.expected);
        expect(fileAtRest).toEqual(atRest.expected);
        const { expected, memory } = await bridge.tell('save');
        expect(memory).toEqual(expected);
        expect(home.map).toEqual(expected);
      }
      const { counts } = await bridge.state();
      console.log(
        `a running bridge with its interface: ${RUNS} runs beside ${counts.saves} saves, ${counts.opened} chats opened, ` +
          `${counts.changed} changed and ${counts.ended} ended: ${tally.byBridge} mappings removed by the bridge, ` +
          `${tally.byFile} only in the file, lost: 0`,
      );
      expect(tally.byBridge).toBe(4 * RUNS);
      expect(tally.byFile).toBeGreaterThan(0);
      expect(counts.opened).toBeGreaterThan(RUNS);
    });
  });

  describe('asked with --bridge-url', () => {
    it.each<[string, Mappings, Record<string, string>]>([
      ['alone', CLEANED, { stray: 'file' }],
      ['beside what the bridge forgets', MAP, { stray: 'file', idle: 'bridge' }],
    ])('removes what stands only in the file from there, %s', async (_, map, gone) => {
      const { home, bridge } = await bridgeWith(map);
      home.claude(uuid(3), 5);
      await bridge.tell('leave', { 'claude-cli': { stray: uuid(3) } });
      const report = await home.runJson(['--bridge-url', bridge.address]);
      expect(vias(report)).toEqual({ busy: null, x: null, ...gone });
      expect(report.summary).toMatchObject({ removed: Object.keys(gone).length, writtenBack: 0 });
      expect(home.map).toEqual(CLEANED);
      expect(await bridge.memory()).toEqual(CLEANED);
      expect(journalOf(home)).toContainEqual(
        expect.objectContaining({ op: 'remove', chat: 'stray', session: uuid(3) }),
      );
    });

    it('keeps what stands only in the file and is in use, which its save takes away', async () => {
      const { home, bridge } = await bridgeWith();
      home.claude(uuid(3), 0.1);
      const odd = { shape: 'unknown' };
      await bridge.tell('leave', { 'claude-cli': { stray: uuid(3), odd } });
      const { status, stdout, stderr } = await home.run(['--json', '--bridge-url', bridge.address]);
      expect(status).toBe(0);
      expect(stderr).toMatch(/2 mappings stand in the file alone[^\n]*restart it/);
      expect(vias(JSON.parse(stdout))).toEqual({
        idle: 'bridge',
        busy: null,
        stray: null,
        odd: null,
        x: null,
      });
      expect(home.map).toEqual({
        ...CLEANED,
        'claude-cli': { busy: ACTIVE, stray: uuid(3), odd },
      });
      const { stdout: restorable } = await home.run(['restore', '--json']);
      expect(restorable).toContain('"idle"');
      expect(restorable).not.toContain('"stray"');
    });

    it('goes by the memory where the file says otherwise', async () => {
      const { home, bridge } = await bridgeWith();
      home.writeMap({ ...MAP, 'claude-cli': { idle: ACTIVE, busy: IDLE } });
      const report = await home.runJson(['--bridge-url', bridge.address]);
      expect(vias(report)).toEqual({ idle: 'bridge', busy: null, x: null });
      expect(await bridge.memory()).toEqual(CLEANED);
      expect(home.map).toEqual(CLEANED);
    });

    it('after a run without the address is not taken for another bridge', async () => {
      const { home, bridge } = await bridgeWith();
      expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });
      await bridge.tell('save');
      const report = await home.runJson(['--bridge-url', bridge.address]);
      expect(report.summary).toMatchObject({ removed: 1, writtenBack: 1 });
      expect(report.warnings).toEqual([expect.stringContaining('has it forget them')]);
      expect(await bridge.memory()).toEqual(CLEANED);
    });

    it('that does not know what was written back is taken for another one', async () => {
      const { home, bridge } = await bridgeWith();
      expect(await home.run(['-q', '--bridge-url', bridge.address])).toMatchObject({ status: 0 });
      home.writeMap(MAP);
      const report = await home.runJson(['--bridge-url', bridge.address]);
      expect(report.summary).toMatchObject({ removed: 1, writtenBack: 1 });
      expect(report.warnings).toEqual([expect.stringContaining('the bridge that uses this map')]);
    });

    it.each([
      ['whatever proxy the environment names', { NODE_USE_ENV_PROXY: '1' }],
      ['without WebAssembly', { NODE_OPTIONS: '--jitless' }],
    ])('is asked directly, %s', async (_, env) => {
      const { home, bridge } = await bridgeWith();
      const nowhere = 'http://127.0.0.1:9';
      const proxy = { HTTP_PROXY: nowhere, http_proxy: nowhere, ALL_PROXY: nowhere };
      const args = ['-q', '--bridge-url', bridge.address];
      const { status, stderr } = await home.run(args, { env: { ...proxy, ...env } });
      expect(status).toBe(0);
      // Node itself has a word to say about --jitless.
      expect(stderr).not.toContain('claude-session-cleanup');
      expect(await bridge.memory()).toEqual(CLEANED);
    });

    it('is asked for its memory once in a hundred times', async () => {
      const many = Array.from({ length: 250 }, (_, n) => [`idle-${n}`, IDLE]);
      const { home, bridge } = await bridgeWith({
        ...MAP,
        'claude-cli': { ...Object.fromEntries(many), busy: ACTIVE },
      });
      const report = await home.runJson(['--bridge-url', bridge.address]);
      expect(report.summary).toMatchObject({ removed: 250 });
      expect(home.map).toEqual(CLEANED);
      const { memory, asked } = await bridge.state();
      expect(memory).toEqual(CLEANED);
      expect(asked.DELETE).toBe(250);
      expect(asked.GET).toBeLessThan(10);
    });

    it('forgets nothing in a dry run', async () => {
      const { home, bridge } = await bridgeWith();
      const before = home.mapText;
      const report = await home.runJson(['--dry-run', '--bridge-url', bridge.address]);
      expect(report.sessions[0]).toMatchObject({ chat: 'idle', action: 'would-remove' });
      expect(home.mapText).toBe(before);
      expect(await bridge.state()).toMatchObject({ memory: MAP, asked: { DELETE: 0 } });
    });

    it('forgets nothing when more than --max-remove would go', async () => {
      const { home, bridge } = await bridgeWith();
      const args = ['-q', '--max-remove', '0', '--bridge-url', bridge.address];
      expect(await home.run(args)).toMatchObject({ status: 1 });
      expect(await bridge.state()).toMatchObject({ memory: MAP, asked: { DELETE: 0 } });
    });

    it('forgets nothing when the map of --session-dir is not there', async () => {
      const { home, bridge } = await bridgeWith();
      const elsewhere = join(home.dir, 'elsewhere');
      mkdirSync(elsewhere);
      const args = ['-q', '--session-dir', elsewhere, '--bridge-url', bridge.address];
      const { status, stderr } = await home.run(args);
      expect(status).toBe(1);
      expect(stderr).toContain(bridge.address);
      expect(stderr).toContain('--session-dir');
      expect(await bridge.state()).toMatchObject({ memory: MAP, asked: { DELETE: 0 } });
    });

    it('may be in the middle of saving a large map when the run starts', async () => {
      const many = Array.from({ length: 6000 }, (_, n) => [`chat-${n}`, uuid(n)]);
      const map = { ...MAP, 'devstral-small-2': Object.fromEntries(many) };
      const { home, bridge } = await bridgeWith(map);
      await bridge.tell('stall', { seconds: 0.8 });
      const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(home.map).toEqual({ ...map, 'claude-cli': { busy: ACTIVE } });
      expect(await bridge.memory()).toEqual(home.map);
    });

    it('shows its memory in list', async () => {
      const { home, bridge } = await bridgeWith();
      home.claude(uuid(3), 7);
      home.writeMap({ 'claude-cli': { busy: IDLE, stray: uuid(3) } });
      const before = home.mapText;
      const listed = ({ chat, session, state }: JsonReport['sessions'][number]) => [
        chat,
        session,
        state,
      ];
      const report = await home.runJson(['list', '--bridge-url', bridge.address]);
      expect(report.sessions.map(listed).sort()).toEqual([
        ['busy', ACTIVE, 'active'],
        ['idle', IDLE, 'idle'],
        ['stray', uuid(3), 'idle'],
        ['x', 'not a session of ours', 'unrecognized'],
      ]);
      const { stdout } = await home.run(['list', '--bridge-url', bridge.address]);
      expect(stdout).toMatch(/^claude-cli +idle +01010101 .* idle /m);
      expect(stdout).toContain("4 mapped in the bridge's memory and file");
      expect(home.mapText).toBe(before);
      expect(await bridge.state()).toMatchObject({ memory: MAP, asked: { DELETE: 0 } });
    });
  });

  describe('not asked', () => {
    it('writes back what was removed, which the next run tells once, with the cures', async () => {
      const { home, bridge } = await bridgeWith();
      expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });
      expect(home.map).toEqual(CLEANED);
      const opened = { 'gemini-cli': { new: uuid(3) } };
      await bridge.tell('open', opened);
      expect(home.map).toEqual({ ...MAP, ...opened });

      home.gemini(uuid(3), 0);
      const { status, stdout, stderr } = await home.run(['--json']);
      expect(status).toBe(0);
      const report = JSON.parse(stdout) as JsonReport;
      expect(report.summary).toMatchObject({ removed: 1, writtenBack: 1 });
      expect(report.warnings).toEqual([
        expect.stringMatching(
          /^written back: mappings .* are back \(1\).*--bridge-url.*--on-change/,
        ),
      ]);
      expect(stderr).toMatch(/^claude-session-cleanup: warning: [^\n]+\n$/);
    });

    it.each([
      ['read the map again', 'HUP'],
      ['start again', 'TERM'],
    ])('but made to %s with --on-change, keeps nothing of it', async (_, signal) => {
      const { home, bridge } = await bridgeWith();
      bridge.startAgainWhenEnded();
      const onChange = ['--on-change', `kill -${signal} ${bridge.pid}`];
      expect(await home.run(['-q', ...onChange])).toMatchObject({ status: 0, stderr: '' });
      await expect
        .poll(() => bridge.memory().catch(() => 'not up yet'), { timeout: 20_000 })
        .toEqual(CLEANED);

      await bridge.tell('open', { 'gemini-cli': { new: uuid(3) } });
      expect(home.map).toEqual({ ...CLEANED, 'gemini-cli': { new: uuid(3) } });
      home.gemini(uuid(3), 0);
      const report = await home.runJson(onChange);
      expect(report.summary).toMatchObject({ removed: 0, writtenBack: 0 });
      expect(report.warnings).toEqual([]);
    });
  });

  describe('that is not running', () => {
    it.each(['127.0.0.1', 'localhost', '[::1]'])('at %s: the file counts', async (host) => {
      const { home, bridge } = await bridgeWith();
      await bridge.end();
      const url = bridge.address.replace('127.0.0.1', host);
      const { status, stdout, stderr } = await home.run(['--json', '--bridge-url', url]);
      expect(status).toBe(0);
      expect(stderr).toBe(
        `claude-session-cleanup: warning: no bridge listens at ${url}: what the file says counts\n`,
      );
      expect(vias(JSON.parse(stdout))).toEqual({ idle: 'file', busy: null, x: null });
      expect(home.map).toEqual(CLEANED);
    });
  });

  const WRONG_ANSWERS: [string, Fault][] = [
    ['never', { how: 'silent' }],
    ['a byte now and then', { how: 'trickle' }],
    ['without an end', { how: 'endless' }],
    ['ten times as much as can be', { how: 'padded' }],
    ['ten times as much, compressed', { how: 'zipped' }],
    ['half, and hangs up', { how: 'half-way' }],
    ['nothing, and hangs up', { how: 'hang-up' }],
    ['that it is elsewhere', { how: 'redirect' }],
    ['status 400', { status: 400, body: '{"detail": "bad"}' }],
    ['status 500', { status: 500, body: 'Traceback (most recent call last):\n  at nowhere' }],
    ['status 200 with a page', { status: 200, body: '<html>Open WebUI</html>' }],
    ['nothing at all', { status: 200, body: '' }],
    ['null', { status: 200, body: 'null' }],
    ['an array', { status: 200, body: '[]' }],
    [
      'another object',
      { status: 200, body: '{"status": "\u001b[31mok", "sessions": "\\u001b[0m"}' },
    ],
    ['what is nested too deeply', { status: 200, body: `{"sessions":${deep(100_000)}}` }],
  ];

  describe('that answers GET wrongly', () => {
    it.each<[string, Fault]>([
      ...WRONG_ANSWERS,
      ['status 404', { status: 404, body: '{"sessions": {}}' }],
      ['status 204', { status: 204 }],
      ['an object without sessions', { status: 200, body: '{}' }],
      ['sessions that are a list', { status: 200, body: '{"sessions": ["idle"]}' }],
      ['sessions in lists', { status: 200, body: '{"sessions": {"claude-cli": ["idle"]}}' }],
      [
        'sections beside other things',
        { status: 200, body: '{"sessions": {"claude-cli": {}, "total": 1}}' },
      ],
    ])('(%s): nothing is touched', async (_, fault) => {
      const { home, bridge } = await bridgeWith();
      const before = home.mapText;
      await bridge.breakAt('GET', fault);
      const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
      expect(status).toBe(1);
      expect(stderr).toMatch(oneLineAbout(bridge));
      expect(home.mapText).toBe(before);
      const { memory, asked } = await bridge.state();
      expect(memory).toEqual(MAP);
      expect(asked).toMatchObject({ DELETE: 0, elsewhere: 0 });
    });

    it('in list: the same', async () => {
      const { home, bridge } = await bridgeWith();
      await bridge.breakAt('GET', { status: 500 });
      const { status, stdout, stderr } = await home.run(['list', '--bridge-url', bridge.address]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(oneLineAbout(bridge));
    });

    it.each<[string, Fault]>([
      ['with an error', { status: 500 }],
      ['by ending', { how: 'die' }],
    ])('%s, but only after the decision: nothing is touched', async (_, fault) => {
      const { home, bridge } = await bridgeWith();
      const before = home.mapText;
      await bridge.breakAt('GET', { ...fault, nth: 2 });
      const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
      expect(status).toBe(1);
      expect(stderr).toMatch(oneLineAbout(bridge));
      expect(home.mapText).toBe(before);
    });

    it.each<[string, Fault]>([
      ['with an error', { status: 500 }],
      ['by ending', { how: 'die' }],
    ])('%s, but only after the DELETE: what it forgot can be restored', async (_, fault) => {
      const { home, bridge } = await bridgeWith();
      await bridge.breakAt('GET', { ...fault, nth: 3 });
      const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
      expect(status).toBe(1);
      expect(stderr).toMatch(oneLineAbout(bridge));
      expect(home.map).toEqual(CLEANED);
      await bridge.end();
      expect(await home.run(['restore', '-q', 'idle'])).toMatchObject({ status: 0, stderr: '' });
      expect(home.map).toMatchObject({ 'claude-cli': { idle: IDLE, busy: ACTIVE } });
    });
  });

  describe('that answers DELETE wrongly', () => {
    it.each<[string, Fault]>([
      ...WRONG_ANSWERS,
      ['status 403', { status: 403 }],
      ['status 404, though it has the mapping', { status: 404 }],
      ['that it is deleted, which is a lie', { status: 200, body: '{"status": "deleted"}' }],
      ['nothing, since it ends', { how: 'die' }],
    ])('(%s): the mapping stays, and the next run removes it', async (_, fault) => {
      const { home, bridge } = await bridgeWith();
      bridge.startAgainWhenEnded();
      const before = home.mapText;
      await bridge.breakAt('DELETE', fault);
      const url = ['--bridge-url', bridge.address];
      const { status, stderr } = await home.run(['-q', ...url]);
      expect(status).toBe(1);
      expect(stderr).toMatch(oneLineAbout(bridge));
      expect(home.mapText).toBe(before);
      await expect.poll(() => bridge.memory().catch(() => null), { timeout: 20_000 }).toEqual(MAP);
      expect((await bridge.state()).asked.elsewhere).toBe(0);

      await bridge.tell('break', null);
      const report = await home.runJson(url);
      expect(report.summary).toMatchObject({ removed: 1, writtenBack: 0 });
      expect(report.warnings).toEqual([]);
      expect(await bridge.memory()).toEqual(CLEANED);
      expect(home.map).toEqual(CLEANED);
    });

    it.each<[string, Fault]>([
      ['hangs up', { how: 'hang-up' }],
      ['answers half', { how: 'half-way' }],
      ['answers an error', { status: 500 }],
    ])('but has forgotten the mapping when it %s: that counts', async (_, fault) => {
      const { home, bridge } = await bridgeWith();
      await bridge.breakAt('DELETE', { ...fault, does: true });
      const report = await home.runJson(['--bridge-url', bridge.address]);
      expect(vias(report)).toEqual({ idle: 'bridge', busy: null, x: null });
      expect(home.map).toEqual(CLEANED);
    });

    it('long after it was asked: that can be put back, and nothing more is asked of it', async () => {
      const map = { ...MAP, 'claude-cli': { idle: IDLE, next: IDLE, busy: ACTIVE } };
      const { home, bridge } = await bridgeWith(map);
      await bridge.breakAt('DELETE', { how: 'late' });
      const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
      expect(status).toBe(1);
      expect(stderr).toMatch(oneLineAbout(bridge));
      const left = { ...MAP, 'claude-cli': { next: IDLE, busy: ACTIVE } };
      await expect.poll(() => bridge.memory(), { timeout: 20_000 }).toEqual(left);
      expect((await bridge.state()).asked['DELETE']).toBe(1);

      const { stdout } = await home.run(['restore', '--json']);
      const { mappings } = JSON.parse(stdout);
      expect(mappings).toMatchObject([{ chat: 'idle', session: IDLE, action: 'restorable' }]);
    });

    it('for a section that it does not know: that one stays, the others go', async () => {
      const map = { ...MAP, 'claude-legacy': { old: uuid(3) } };
      const { home, bridge } = await bridgeWith(map);
      home.claude(uuid(3), 5);
      const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
      expect(status).toBe(1);
      expect(stderr).toMatch(oneLineAbout(bridge));
      expect(stderr).toContain('400');
      const left = { ...CLEANED, 'claude-legacy': { old: uuid(3) } };
      expect(await bridge.memory()).toEqual(left);
      expect(home.map).toEqual(left);
    });
  });

  describe('whose chat changes during the run', () => {
    const NEWER = { 'claude-cli': { idle: uuid(3) } };
    const TWO_IDLE = { ...MAP, 'claude-cli': { 'idle-first': uuid(4), idle: IDLE, busy: ACTIVE } };

    it.each([
      ['after the decision', 'GET'],
      ['while another one is forgotten', 'DELETE'],
    ] as const)('to another session, %s: the newer mapping stays', async (_, method) => {
      const { home, bridge } = await bridgeWith(TWO_IDLE);
      home.claude(uuid(4), 5);
      home.claude(uuid(3), 0);
      await bridge.breakAt(method, { switch: NEWER });
      const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const left = { ...MAP, 'claude-cli': { idle: uuid(3), busy: ACTIVE } };
      expect(await bridge.memory()).toEqual(left);
      expect(home.map).toEqual(left);
    });

    it.each([
      ['before the decision', 1],
      ['after the last look at the memory', 2],
    ])('by a turn in its session, %s: the mapping stays', async (_, nth) => {
      const { home, bridge } = await bridgeWith();
      const before = home.mapText;
      await bridge.breakAt('GET', { touch: home.claude(IDLE, 5), nth });
      const report = await home.runJson(['--bridge-url', bridge.address]);
      expect(report.sessions[0]).toMatchObject({ chat: 'idle', state: 'active', action: 'kept' });
      expect(await bridge.state()).toMatchObject({ memory: MAP, asked: { DELETE: 0 } });
      expect(home.mapText).toBe(before);
    });

    it('by ending: there is nothing left to do', async () => {
      const { home, bridge } = await bridgeWith();
      await bridge.breakAt('DELETE', { switch: { 'claude-cli': { idle: null } } });
      const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(await bridge.memory()).toEqual(CLEANED);
      expect(home.map).toEqual(CLEANED);
    });

    it('in the instant before its DELETE, which nobody can see: it costs that chat alone', async () => {
      const { home, bridge } = await bridgeWith();
      await bridge.breakAt('DELETE', { switch: NEWER });
      const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(await bridge.memory()).toEqual(CLEANED);
      expect(home.map).toEqual(CLEANED);
      // The session that was judged is what can be put back.
      expect(journalOf(home)).toContainEqual(
        expect.objectContaining({ op: 'remove', chat: 'idle', session: IDLE }),
      );
    });
  });

  describe('with odd chat ids', () => {
    it.each([
      ['a space', 'with space', 'with+space'],
      ['a plus sign', 'a+b', 'a b'],
      ['a percent sign', '100%', '100%25'],
      ['an escape', '%2e%2e', '..'],
      ['an escaped slash', 'a%2Fb', 'a/b'],
      ['a question mark', 'a?model=codex-cli&b#c', 'a'],
      ['semicolons and colons', 'a;b:c@d,e=f', 'a'],
      ['quotes and a backslash', '"\\\'', "'"],
      ['other letters', 'größe–日本', 'gr%C3%B6%C3%9Fe'],
      ['an emoji', '🧹', '\\ud83e\\uddf9'],
      ['control characters', 'a\tb\u0007', 'ab'],
      ['three dots', '...', '..'],
      ['the name of a property', '__proto__', 'constructor'],
      ['1,000 characters', 'x'.repeat(1000), 'x'],
    ])('such as %s forgets exactly those', async (_, odd, decoy) => {
      const { home, bridge } = await bridgeWith(
        // As text: an object literal would take __proto__ for something else.
        `{"claude-cli": {${JSON.stringify(odd)}: "${IDLE}", ${JSON.stringify(decoy)}: "${ACTIVE}"}}`,
      );
      const report = await home.runJson(['--bridge-url', bridge.address]);
      expect(report.sessions.map(({ chat, via }) => [chat, via])).toEqual([
        [odd, 'bridge'],
        [decoy, null],
      ]);
      const left = { 'claude-cli': { [decoy]: ACTIVE } };
      expect(await bridge.memory()).toEqual(left);
      expect(home.map).toEqual(left);
    });

    it.each([
      ['a slash', 'a/b'],
      ['the way up', '../idle'],
      ['two dots', '..'],
      ['a dot', '.'],
      ['nothing', ''],
      ['half a character', '\ud83e'],
    ])(
      'that no address can name (%s) keeps those, warns with the cure, and goes on',
      async (_, odd) => {
        const { home, bridge } = await bridgeWith({
          ...MAP,
          'claude-cli': { [odd]: uuid(3), idle: IDLE, busy: ACTIVE },
        });
        home.claude(uuid(3), 5);
        const { status, stderr } = await home.run(['-q', '--bridge-url', bridge.address]);
        expect(status).toBe(0);
        expect(stderr).toMatch(
          /^[^\n]*warning: [^\n]*can't name this chat[^\n]*stop the bridge[^\n]*\n$/,
        );
        const left = { ...MAP, 'claude-cli': { [odd]: uuid(3), busy: ACTIVE } };
        expect(await bridge.memory()).toEqual(left);
        expect(home.map).toEqual(left);
        expect((await bridge.state()).asked).toMatchObject({ DELETE: 1, elsewhere: 0 });
      },
    );
  });
});

function deep(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}

function journalOf(home: Home): unknown[] {
  const text = readFileSync(join(home.sessionDir, 'session_map.removed.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
