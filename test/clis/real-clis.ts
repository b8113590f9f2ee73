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

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly finished: Promise<Finished>;
  /** Kills the CLI and all that it started, without a chance to tidy up. */
  kill(): void;
}

/** What still runs; empty when all went well. */
const running = new Set<Running>();

export async function killLeftOvers(): Promise<void> {
  const leftOvers = [...running];
  for (const cli of leftOvers) cli.kill();
  await Promise.allSettled(leftOvers.map((cli) => cli.finished));
}

export interface Cli {
  readonly provider: string;
  /** Where its transcripts lie. */
  readonly transcripts: string;
  run(prompt: string): Running;
  resume(session: string, prompt: string): Running;
  /** The session's id, from what the CLI printed. */
  sessionOf(printed: string): string | undefined;
}

export interface Place {
  readonly home: string;
  readonly workspace: string;
  readonly temporary: string;
  readonly standIn: string;
}

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
    provider: 'claude-cli',
    transcripts: join(place.home, '.claude/projects'),
    run: (prompt) => start(['-p', prompt, '--session-id', crypto.randomUUID()]),
    resume: (session, prompt) => start(['-p', prompt, '--resume', session]),
    sessionOf: (printed) => /"session_id":\s*"([^"]+)"/.exec(printed)?.[1],
  };
}

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
    provider: 'codex-cli',
    transcripts: join(place.home, '.codex/sessions'),
    run: (prompt) => start([prompt]),
    resume: (session, prompt) => start(['resume', session, prompt]),
    sessionOf: (printed) => /"thread_id":\s*"([^"]+)"/.exec(printed)?.[1],
  };
}

export async function geminiCli(installed: InstalledClis, place: Place): Promise<Cli> {
  await setGeminiRetention(place, false);
  const start = (options: string[]) => {
    const always = ['--skip-trust', '-m', 'gemini-2.5-flash', '--output-format', 'json'];
    return startCli(place, installed.gemini, [...always, ...options], {
      GEMINI_API_KEY: 'not-a-key',
      GOOGLE_GEMINI_BASE_URL: place.standIn,
    });
  };
  return {
    provider: 'gemini-cli',
    transcripts: join(place.home, '.gemini/tmp'),
    run: (prompt) => start(['-p', prompt]),
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
    // A process group of its own: Codex and Gemini are a launcher and the program proper.
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
