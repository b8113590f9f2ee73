import {
  closeSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Home, uuid } from '../support/home.js';
import { describeWith } from '../support/requirements.js';
import { homeToClean, NEW } from './home-to-clean.js';
import { type HaltedRun, runHaltedAt } from './traced.js';

const BUSY = NEW['claude-cli'];
const AFTER_THE_EXCHANGE = { call: 'renameat2', when: 1 };
const AFTER_THE_RENAME = { call: 'rename', when: 1 };
const KEPT = ['session_map.json', 'session_map.last-run.json', 'session_map.removed.jsonl'];
// Longer than a map must be unchanged to pass for quiet where the kernel can't tell.
const THINKING_MS = 700;

/** Another program, which has opened the map for writing before it is swapped out. */
class Writer {
  readonly #file: number;

  constructor(home: Home) {
    this.#file = openSync(home.mapPath, 'r+');
  }

  write(text: string): void {
    ftruncateSync(this.#file);
    writeSync(this.#file, text, 0);
  }

  end(): void {
    closeSync(this.#file);
  }

  save(chats: object): void {
    this.write(JSON.stringify({ 'claude-cli': chats }));
    this.end();
  }
}

async function kill({ pid, goOn }: HaltedRun): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await goOn().catch(() => {});
}

describeWith({ commands: ['strace'] })('a program that changes what it has just read', () => {
  // The map is opened to be compared for the last time: what comes now is met by the exchange only.
  const LAST_OPENING = { call: 'openat', when: 5 };
  const AT = (exchange: number | string): string => `renameat2:signal=SIGSTOP:when=${exchange}`;
  const FIRST = { added: uuid(3), busy: uuid(4) };

  /** As such a program does: a new file, made of what it has read, renamed over the map. */
  function rename(home: Home, chats: object): void {
    const next = `${home.mapPath}.bridge`;
    writeFileSync(next, JSON.stringify({ 'claude-cli': chats }));
    renameSync(next, home.mapPath);
  }

  function chatsIn(home: Home): object {
    return (home.map as { 'claude-cli': object })['claude-cli'];
  }

  /** A run that has met the program's first change by its exchange of names. */
  async function haltedAfterFirst(...halts: string[]) {
    const home = homeToClean();
    const moment = { ...LAST_OPENING, path: home.mapPath };
    const run = await runHaltedAt(home, moment, ['-q'], halts);
    rename(home, { ...chatsIn(home), ...FIRST });
    return { home, run };
  }

  it('finds its change again in the same instant', async () => {
    const { home, run } = await haltedAfterFirst(AT(2));
    await run.goOnToNextHalt();
    expect(home.map).toEqual({ 'claude-cli': { idle: uuid(1), ...FIRST } });

    expect(await run.goOn()).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': FIRST });
    expect(home.beside).toEqual(KEPT);
  });

  it('and is quicker than that, loses none of its changes', async () => {
    const { home, run } = await haltedAfterFirst(AT(1));
    await run.goOnToNextHalt();
    const read = chatsIn(home);
    expect(read).toEqual(BUSY);
    rename(home, { ...read, later: uuid(5) });

    expect(await run.goOn()).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { ...FIRST, later: uuid(5) } });
    expect(home.beside).toEqual(KEPT);
  });

  it('and is slower to write than that, loses none of its changes', async () => {
    const { home, run } = await haltedAfterFirst(AT('1+1'));
    await run.goOnToNextHalt();
    const read = chatsIn(home);
    expect(read).toEqual(BUSY);
    await run.goOnToNextHalt();
    rename(home, { ...read, later: uuid(5) });

    expect(await run.goOn()).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { ...FIRST, later: uuid(5) } });
    expect(home.beside).toEqual(KEPT);
  });

  it('and has our map open by then, loses none of its changes', async () => {
    const { home, run } = await haltedAfterFirst(AT(1));
    await run.goOnToNextHalt();
    const writer = new Writer(home);
    const finished = run.goOn();
    await sleep(THINKING_MS);
    writer.save({ ...BUSY, later: uuid(5) });

    expect(await finished).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { ...FIRST, later: uuid(5) } });
    expect(home.beside).toEqual(KEPT);
  });

  it('and is quicker than that, twice, loses none of its changes', async () => {
    // The exchange, its end, and then the one that takes both changes in.
    const { home, run } = await haltedAfterFirst(AT('1+2'));
    await run.goOnToNextHalt();
    rename(home, { ...chatsIn(home), later: uuid(5) });
    await run.goOnToNextHalt();
    expect(home.map).toEqual({ 'claude-cli': { ...FIRST, later: uuid(5) } });
    const stale = { ...BUSY, later: uuid(5) };
    rename(home, { ...stale, last: uuid(6) });

    expect(await run.goOn()).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { ...FIRST, later: uuid(5), last: uuid(6) } });
    expect(home.beside).toEqual(KEPT);
  });
});

describeWith({ commands: ['strace'] })('a map that was swapped out', () => {
  async function haltedBeside(failing: readonly string[] = []) {
    const home = homeToClean();
    const writer = new Writer(home);
    const moment = failing.length > 0 ? AFTER_THE_RENAME : AFTER_THE_EXCHANGE;
    const run = await runHaltedAt(home, moment, ['-q'], failing);
    expect(home.map).toEqual({ 'claude-cli': BUSY });
    return { home, writer, run };
  }

  it.each([
    ['', []],
    [' where names can not be exchanged', ['renameat2:error=EINVAL']],
    [
      ' where there are no links either',
      ['renameat2:error=EINVAL', 'link:error=EPERM', 'linkat:error=EPERM'],
    ],
  ])('is waited for while a writer has it open, and its change taken in%s', async (_, failing) => {
    const { home, writer, run } = await haltedBeside(failing);
    const finished = run.goOn();
    await sleep(THINKING_MS);
    writer.save({ idle: uuid(1), ...BUSY, added: uuid(3) });

    expect(await finished).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, added: uuid(3) } });
    expect(home.beside.filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('by a run that was killed then is waited for by the next one', async () => {
    const { home, writer, run } = await haltedBeside();
    await kill(run);
    const next = home.run(['-q']);
    await sleep(THINKING_MS);
    writer.save({ idle: uuid(1), ...BUSY, added: uuid(3) });

    const { status, stderr } = await next;
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^[^\n]*had not taken in the change of another program; it is in[^\n]*\n$/,
    );
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, added: uuid(3) } });
    expect(home.beside).toEqual(KEPT);
  });

  it('by a run that had taken in another change and was killed costs neither of the two', async () => {
    const home = homeToClean();
    const first = new Writer(home);
    // What was swapped out first is removed when its change is in the map.
    const removal = 'unlink:signal=SIGSTOP:when=1';
    const run = await runHaltedAt(home, AFTER_THE_EXCHANGE, ['-q'], [removal]);
    const second = new Writer(home);
    const taken = run.goOnToNextHalt();
    await sleep(THINKING_MS);
    first.save({ idle: uuid(1), ...BUSY, added: uuid(3) });
    await taken;
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, added: uuid(3) } });
    await kill(run);
    second.save({ ...BUSY, later: uuid(5) });

    expect(await home.run(['-q'])).toMatchObject({ status: 0 });
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, added: uuid(3), later: uuid(5) } });
    expect(home.beside).toEqual(KEPT);
  });

  it('by a run that was killed is kept while there is no map to take its change into', async () => {
    const { home, writer, run } = await haltedBeside();
    await kill(run);
    writer.save({ ...BUSY, added: uuid(3) });
    const map = home.mapText;
    rmSync(home.mapPath);
    expect((await home.run(['restore', '--all', '-q'])).stderr).toMatch(/could not be taken in/);
    expect(home.beside.filter((name) => name.endsWith('.tmp'))).toHaveLength(1);

    home.writeMap(map);
    expect(await home.run(['-q'])).toMatchObject({ status: 0 });
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, added: uuid(3) } });
    expect(home.beside).toEqual(KEPT);
  });

  it('by a run that was killed is taken into a map of the other shape, too', async () => {
    const { home, writer, run } = await haltedBeside();
    await kill(run);
    writer.write(JSON.stringify({ idle: uuid(1), busy: uuid(2), added: uuid(3) }));
    writer.end();
    home.writeMap({ 'claude-cli': { ...BUSY, newest: uuid(5) } });

    expect(await home.run(['-q'])).toMatchObject({ status: 0 });
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, newest: uuid(5), added: uuid(3) } });
    expect(home.beside).toEqual(KEPT);
  });

  it('by a run that was killed does not overrule what the map has by now, and that is said', async () => {
    const { home, writer, run } = await haltedBeside();
    await kill(run);
    writer.save({ idle: uuid(1), busy: uuid(4), added: uuid(3) });
    home.writeMap({ 'claude-cli': { ...BUSY, newest: uuid(5) } });

    const { status, stderr } = await home.run(['-q']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/stay as the map has them by now: claude-cli\/busy\n/);
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, newest: uuid(5), added: uuid(3) } });
    expect(home.beside).toEqual(KEPT);
  });

  it('and whose writer stops in the middle costs nothing but its last change', async () => {
    const { home, writer, run } = await haltedBeside();
    const finished = run.goOn();
    await sleep(THINKING_MS);
    writer.write('{"claude-cli": {"idle": "');
    writer.end();

    const { status, stderr } = await finished;
    expect(status).toBe(0);
    expect(stderr).toMatch(/stopped in the middle; the map is whole/);
    expect(home.map).toEqual({ 'claude-cli': BUSY });
    expect(home.beside.filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('and that a writer keeps open is left to the next run', async () => {
    const { home, writer, run } = await haltedBeside();
    writer.write(JSON.stringify({ 'claude-cli': { idle: uuid(1), ...BUSY, added: uuid(3) } }));

    const { status, stderr } = await run.goOn();
    expect(status).toBe(0);
    expect(stderr).toMatch(/held it open for writing[^\n]*taken in by the next run/);
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, added: uuid(3) } });

    writer.save({ ...BUSY, added: uuid(3), later: uuid(5) });
    expect(await home.run(['-q'])).toMatchObject({ status: 0 });
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, added: uuid(3), later: uuid(5) } });
    expect(home.beside).toEqual(KEPT);
  });

  it('is not taken for one when the run was killed before the old map lost its name', async () => {
    const home = homeToClean();
    const moment = { call: 'link', when: 1, path: home.mapPath };
    const run = await runHaltedAt(home, moment, ['-q'], ['renameat2:error=EINVAL']);
    await kill(run);
    home.writeMap({ 'claude-cli': { idle: uuid(1), ...BUSY, added: uuid(3) } });

    expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { ...BUSY, added: uuid(3) } });
    expect(home.beside).toEqual(KEPT);
  });
});
