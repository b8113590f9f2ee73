import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished } from 'vitest';
import { Home } from '../support/home.js';

const inCi = process.env['CI'] === 'true';
/** How often the program runs beside each kind of bridge. */
export const RUNS = Number(process.env['WRITER_RUNS'] ?? (inCi ? 1000 : 100));
/** The same, for the writers of less importance. */
export const FEWER_RUNS = Math.ceil(RUNS / 40);
/** What came of running beside a bridge. */
export interface Tally {
  readonly runs: number;
  commits: number;
  collisions: number;
  removed: number;
  /** How many runs said that they had used the weaker way. */
  weaker: number;
  saves: number;
  lost: Record<string, string>[];
  reads: { reads: number; halfWritten: number; unexplained: number };
}

/** A process that answers commands line by line. */
class Conversation {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(script: string, args: readonly string[]) {
    this.child = spawn('python3', [join(import.meta.dirname, script), ...args]);
    this.child.stderr.pipe(process.stderr);
    onTestFinished(() => void this.child.kill('SIGKILL'));
    this.#answers = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  say(command: string): void {
    this.child.stdin.write(`${command}\n`);
  }

  async answer<T>(): Promise<T> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('it has ended');
    return JSON.parse(value) as T;
  }
}

/**
 * Runs the program again and again while a bridge saves its memory, and prints what came of it.
 *
 * @param mode how the bridge saves: see writer.py
 */
export async function runBeside(
  name: string,
  mode: string,
  runs: number,
  through: readonly string[] = [],
): Promise<Tally> {
  const home = new Home();
  const project = join(home.dir, '.claude/projects/-x');
  const counter = join(home.dir, 'counter');
  mkdirSync(project, { recursive: true });
  writeFileSync(counter, Buffer.alloc(8));
  const writer = new Conversation('writer.py', [mode, home.mapPath, project, counter]);
  writer.say('prepare');
  await writer.answer();
  const reader = new Conversation('reader.py', [home.mapPath, counter]);
  const reads = { reads: 0, halfWritten: 0, unexplained: 0 };
  const tally: Tally = {
    runs,
    commits: 0,
    collisions: 0,
    removed: 0,
    weaker: 0,
    saves: 0,
    lost: [],
    reads,
  };

  for (let run = 0; run < runs; run += 1) {
    writer.say('go');
    await writer.answer();
    const [{ status, stderr }, { saves }] = await Promise.all([
      home.run(['-q'], { through }),
      writer.answer<{ saves: number }>(),
    ]);
    const said = stderr.split('\n').filter((line) => !/are back: a running bridge|^$/.test(line));
    const others = said.filter((line) => !line.includes('replaced in the weaker way'));
    expect({ status, others }).toEqual({ status: 0, others: [] });
    tally.weaker += said.length;
    tally.saves = saves;
    writer.say('check');
    const { lost } = await writer.answer<{ lost: Record<string, string> }>();
    if (Object.keys(lost).length > 0) tally.lost.push(lost);
    writer.say('prepare');
    await writer.answer();
  }

  reader.child.stdin.end();
  tally.reads = await reader.answer();
  const journal = readFileSync(join(home.sessionDir, 'session_map.removed.jsonl'), 'utf8');
  const removals = new Map<string, number>();
  for (const line of journal.trimEnd().split('\n')) {
    const { op, run, kept, collisions } = JSON.parse(line);
    const before = removals.get(run) ?? 0;
    if (op === 'remove') removals.set(run, before + 1);
    if (op === 'done') removals.set(run, before - kept.length);
    tally.collisions += collisions ?? 0;
  }
  for (const count of removals.values()) {
    tally.removed += count;
    if (count > 0) tally.commits += 1;
  }
  expect(home.beside.filter((name) => name.startsWith('.'))).toEqual([]);
  writer.child.stdin.end();
  await once(writer.child, 'close');
  print(name, tally);
  return tally;
}

function print(
  name: string,
  { runs, commits, collisions, removed, saves, lost, reads }: Tally,
): void {
  console.log(
    `${name}: ${runs} runs beside ${saves} saves: ${commits} commits, ${collisions} collisions met, ` +
      `${removed} mappings removed, ${lost.length} mappings lost; read by a third process ${reads.reads} times: ` +
      `${reads.halfWritten} times half-written by the bridge itself, ${reads.unexplained} times otherwise`,
  );
}
