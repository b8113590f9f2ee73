/**
 * The three CLIs, each run headless in a throw-away home against the stand-in.
 *
 * Nothing but loopback is spoken to, in three layers: each CLI's own switches for telemetry,
 * updates and plugins are off; its environment holds nothing of ours (no key, no host, no proxy);
 * and its proxy for everything that is not 127.0.0.1 is the stand-in, which forwards nothing and
 * keeps the names that were asked for, so that the test can say that there were none.
 */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { InstalledClis } from './installed-clis.js';

export const PROVIDERS = ['claude-cli', 'codex-cli', 'gemini-cli'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** What a CLI left on its streams. */
export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A CLI at work. */
export interface Running {
  readonly finished: Promise<Finished>;
  /** Kills the CLI and all that it started, without a chance to tidy up. */
  kill(): void;
}

/** What still runs; empty when all went well. */
const running = new Set<Running>();

/** Ends what a failed test left running. */
export async function killLeftOvers(): Promise<void> {
  const leftOvers = [...running];
  for (const cli of leftOvers) cli.kill();
  await Promise.allSettled(leftOvers.map((cli) => cli.finished));
}

/** One CLI, ready to run. */
export interface Cli {
  /** Where its transcripts lie. */
  readonly transcripts: string;
  /** Begins a session, under this id where the CLI lets one choose it (Codex does not). */
  run(prompt: string, session?: string): Running;
  resume(session: string, prompt: string): Running;
  /** The session's id, from what the CLI printed. */
  sessionOf(printed: string): string | undefined;
}

/** Where the CLIs live while they are tested. */
export interface Place {
  readonly home: string;
  readonly workspace: string;
  readonly temporary: string;
  readonly standIn: string;
}

/** Claude Code against the stand-in. */
export async function claudeCli(installed: InstalledClis, place: Place): Promise<Cli> {
  const start = (options: string[]) =>
    startCli(place, installed.claude, [...options, '--output-format', 'json'], {
      ANTHROPIC_BASE_URL: place.standIn,
      ANTHROPIC_API_KEY: 'not-a-key',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_TMPDIR: place.temporary,
      DISABLE_AUTOUPDATER: '1',
    });
  return {
    transcripts: join(place.home, '.claude/projects'),
    run: (prompt, session) => start(['-p', prompt, ...chosen(session)]),
    resume: (session, prompt) => start(['-p', prompt, '--resume', session]),
    sessionOf: (printed) => /"session_id":\s*"([^"]+)"/.exec(printed)?.[1],
  };
}

/** Codex CLI against the stand-in. */
export async function codexCli(installed: InstalledClis, place: Place): Promise<Cli> {
  await write(
    join(place.home, '.codex/config.toml'),
    `model = "gpt-5"
model_provider = "stand-in"
check_for_update_on_startup = false

[model_providers.stand-in]
name = "stand-in"
base_url = "${place.standIn}/v1"
wire_api = "responses"
env_key = "STAND_IN_KEY"

[analytics]
enabled = false

[features]
apps = false
plugins = false # otherwise it asks github.com, api.github.com and chatgpt.com for them
`,
  );
  const start = (options: string[]) =>
    startCli(place, installed.codex, ['exec', '--skip-git-repo-check', '--json', ...options], {
      STAND_IN_KEY: 'not-a-key',
    });
  return {
    transcripts: join(place.home, '.codex/sessions'),
    run: (prompt) => start([prompt]),
    resume: (session, prompt) => start(['resume', session, prompt]),
    sessionOf: (printed) => /"thread_id":\s*"([^"]+)"/.exec(printed)?.[1],
  };
}

/** Gemini CLI against the stand-in. */
export async function geminiCli(installed: InstalledClis, place: Place): Promise<Cli> {
  await setGeminiRetention(place, false);
  const start = (options: string[]) => {
    const always = ['--skip-trust', '-m', 'gemini-2.5-flash', '--output-format', 'json'];
    return startCli(place, installed.gemini, [...always, ...options], {
      GEMINI_API_KEY: 'not-a-key',
      // It would start itself a second time, with more memory: a third of its time here.
      GEMINI_CLI_NO_RELAUNCH: 'true',
      GOOGLE_GEMINI_BASE_URL: place.standIn,
    });
  };
  return {
    transcripts: join(place.home, '.gemini/tmp'),
    run: (prompt, session) => start(['-p', prompt, ...chosen(session)]),
    resume: (session, prompt) => start(['-p', prompt, '--resume', session]),
    sessionOf: (printed) => /"session_id":\s*"([^"]+)"/.exec(printed)?.[1],
  };
}

/**
 * Gemini's own clean-up of old sessions, on by default. It also deletes a session that was resumed
 * in a later minute than it began in, at the next start: so it is off unless a test is about it.
 */
export function setGeminiRetention(place: Place, enabled: boolean): Promise<void> {
  const settings = {
    general: {
      enableAutoUpdate: false,
      enableAutoUpdateNotification: false,
      sessionRetention: { enabled, maxAge: '30d' },
    },
    privacy: { usageStatisticsEnabled: false },
    security: { auth: { selectedType: 'gemini-api-key' } },
    telemetry: { enabled: false },
  };
  return write(join(place.home, '.gemini/settings.json'), JSON.stringify(settings));
}

function chosen(session: string | undefined): string[] {
  return session === undefined ? [] : ['--session-id', session];
}

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

function startCli(
  place: Place,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Running {
  const child = spawn(command, args, {
    cwd: place.workspace,
    env: {
      HOME: place.home,
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      LANG: 'C.UTF-8',
      TMPDIR: place.temporary,
      HTTP_PROXY: place.standIn,
      HTTPS_PROXY: place.standIn,
      ALL_PROXY: place.standIn,
      NO_PROXY: '127.0.0.1',
      ...environment,
    },
    // A process group of its own: Codex is a launcher and the program proper.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const cli: Running = {
    finished: new Promise<Finished>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, stdout, stderr }));
    }).finally(() => running.delete(cli)),
    kill() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    },
  };
  running.add(cli);
  return cli;
}
