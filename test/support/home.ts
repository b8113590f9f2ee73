import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { checkSchema } from './json-schema.js';
import { installedNode, installedProgram } from './program.js';

/** What a run of the program left on its streams. */
export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it, where that is not as usual. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The user to run as; needs root. */
  readonly user?: number;
  readonly cwd?: string;
  /** A command that runs it, with what stands before it on its line. */
  readonly through?: readonly string[];
}

export const HOUR_MS = 3600 * 1000;

/** A throw-away home with the three CLIs' directories and a bridge's map; gone after the test. */
export class Home {
  readonly dir: string;
  /** The bridge's directory. */
  readonly sessionDir: string;
  readonly mapPath: string;

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'cleanup-test-'));
    this.sessionDir = join(this.dir, 'bridge');
    this.mapPath = join(this.sessionDir, 'session_map.json');
    mkdirSync(this.sessionDir);
    onTestFinished(() => rmSync(this.dir, { recursive: true, force: true }));
  }

  /** Writes a file below the home whose last modification was some hours ago. */
  file(path: string, hoursAgo: number, content = '{}\n'): string {
    const full = join(this.dir, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
    age(full, hoursAgo);
    return full;
  }

  /** A Claude Code transcript. */
  claude(session: string, hoursAgo: number, slug = '-srv-work'): string {
    const line = JSON.stringify({ type: 'user', sessionId: session });
    return this.file(`.claude/projects/${slug}/${session}.jsonl`, hoursAgo, `${line}\n`);
  }

  /** A Gemini CLI transcript as from version 0.40 on. */
  gemini(session: string, hoursAgo: number, minute = '2026-11-20T10-15'): string {
    const line = JSON.stringify({ sessionId: session, projectHash: 'p' });
    const name = `session-${minute}-${session.slice(0, 8)}.jsonl`;
    return this.file(`.gemini/tmp/work/chats/${name}`, hoursAgo, `${line}\n`);
  }

  /** A Codex CLI rollout. */
  codex(session: string, hoursAgo: number, day = '2026/11/20'): string {
    const name = `rollout-${day.replaceAll('/', '-')}T10-15-00-${session}.jsonl`;
    return this.file(`.codex/sessions/${day}/${name}`, hoursAgo);
  }

  /** Writes the map: a text as it is, anything else as compact JSON. */
  writeMap(content: unknown): string {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(this.mapPath, text);
    return text;
  }

  get mapText(): string {
    return readFileSync(this.mapPath, 'utf8');
  }

  get map(): unknown {
    return JSON.parse(this.mapText);
  }

  /** Makes the last run's record say that it saw so many hours before which mappings have no transcript. */
  letWait(hours: number): void {
    const path = join(this.sessionDir, 'session_map.last-run.json');
    const record = JSON.parse(readFileSync(path, 'utf8')) as { missing: Record<string, object> };
    const since = new Date(Date.now() - hours * HOUR_MS).toISOString();
    for (const [key, waiting] of Object.entries(record.missing)) {
      record.missing[key] = { ...waiting, since };
    }
    writeFileSync(path, JSON.stringify(record));
  }

  /** The names in the bridge's directory. */
  get beside(): string[] {
    return readdirSync(this.sessionDir).sort();
  }

  /** Lets another user look at and write to everything. */
  openToAll(): void {
    chmodSync(this.dir, 0o755);
  }

  /** Runs the built program on this home. */
  async run(args: readonly string[] = [], options: RunOptions = {}): Promise<Finished> {
    const line = [...(options.through ?? []), installedNode(), installedProgram(), ...args];
    const child = spawn(line[0] ?? '', line.slice(1), {
      cwd: options.cwd ?? this.dir,
      env: {
        PATH: process.env['PATH'],
        HOME: this.dir,
        TZ: 'UTC',
        CLAUDE_SESSION_DIR: this.sessionDir,
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.user === undefined ? {} : { uid: options.user, gid: options.user }),
    });
    const streams = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text: string) => {
        streams[name] += text;
      });
    }
    const finished = await new Promise<Finished>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve({ status, signal, ...streams }));
    });
    if (args.includes('--json') && finished.stdout !== '') checkSchema(JSON.parse(finished.stdout));
    return finished;
  }

  /** Runs it with --json and reads the document. */
  async runJson(args: readonly string[] = [], options: RunOptions = {}): Promise<JsonReport> {
    const { stdout } = await this.run([...args, '--json'], options);
    return JSON.parse(stdout) as JsonReport;
  }
}

/** The document of a clean run or of `list`. */
export interface JsonReport {
  readonly version: number;
  readonly command: string;
  readonly dryRun: boolean;
  readonly thresholdHours: number;
  readonly cutoff: string;
  readonly map: string;
  readonly sessions: readonly {
    readonly provider: string;
    readonly chat: string;
    readonly session: string | null;
    readonly state: string;
    readonly lastActivity: string | null;
    readonly idleHours: number | null;
    readonly transcript: string | null;
    readonly running: boolean;
    readonly project?: string | null;
    readonly action: string;
    readonly via: string | null;
    readonly keptBecause: string | null;
    readonly sharedWith?: readonly string[];
    readonly weighed?: unknown;
  }[];
  readonly gone?: unknown;
  readonly summary: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

/** Sets a file's modification time to some hours ago. */
export function age(path: string, hoursAgo: number): void {
  const time = new Date(Date.now() - hoursAgo * HOUR_MS);
  utimesSync(path, time, time);
}

/** The states of the sessions in a report, by chat. */
export function states(report: JsonReport): Record<string, string> {
  return Object.fromEntries(report.sessions.map(({ chat, state }) => [chat, state]));
}

/** A UUID that is easy to read in a failing test. */
export function uuid(number: number, version: 4 | 7 = 4): string {
  const tail = number.toString(16).padStart(12, '0');
  const head = (number * 0x01010101).toString(16).padStart(8, '0').slice(-8);
  return `${head}-0000-${version}000-8000-${tail}`;
}

/** The first UUIDv7 of a day (UTC). */
export function uuid7(day: string, number = 1): string {
  const time = Date.parse(`${day}T12:00:00Z`).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}
