/** The built program, run on a map of the real CLIs' sessions. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonReport } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';
import { PROVIDERS, type Provider } from './real-clis.js';

/** Which session each provider's only chat has. */
export type Sessions = Readonly<Partial<Record<Provider, string>>>;

/** What became of each provider's mapping when nothing was idle. */
export const ALL_KEPT: Readonly<Record<string, string>> = Object.fromEntries(
  PROVIDERS.map((provider) => [provider, 'kept']),
);

/**
 * A bridge's map, in a directory of its own, with one chat for each session.
 *
 * @returns the directory
 */
export async function writeMap(below: string, sessions: Sessions): Promise<string> {
  const directory = await mkdtemp(join(below, 'sessions-'));
  const sections = PROVIDERS.map((provider) => {
    const session = sessions[provider];
    return [provider, session === undefined ? {} : { [chatOf(provider)]: session }] as const;
  });
  const text = JSON.stringify(Object.fromEntries(sections));
  await writeFile(join(directory, 'session_map.json'), text, { mode: 0o600 });
  return directory;
}

/** The sessions that a map still has. */
export async function readMap(directory: string): Promise<Sessions> {
  const text = await readFile(join(directory, 'session_map.json'), 'utf8');
  const map = JSON.parse(text) as Record<string, Record<string, string>>;
  const chats = PROVIDERS.map((provider) => [provider, map[provider]?.[chatOf(provider)]] as const);
  return Object.fromEntries(chats.filter(([, session]) => session !== undefined));
}

/**
 * Runs the program as a user with this home would.
 *
 * @returns what it printed
 * @throws when its exit status is not 0
 */
export function print(home: string, directory: string, ...options: string[]): Promise<string> {
  const args = [installedProgram(), '--session-dir', directory, ...options];
  const env = { HOME: home, PATH: '/usr/bin:/bin' };
  return new Promise((resolve, reject) => {
    execFile(installedNode(), args, { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stderr}${stdout}`));
    });
  });
}

/** Runs the program with `--json`. */
export async function clean(
  home: string,
  directory: string,
  ...options: string[]
): Promise<JsonReport> {
  return JSON.parse(await print(home, directory, '--json', ...options)) as JsonReport;
}

/** What became of each provider's mapping. */
export function actions(report: JsonReport): Record<string, string> {
  return Object.fromEntries(report.sessions.map(({ provider, action }) => [provider, action]));
}

/** What a report says of this provider's one mapping. */
export function about(report: JsonReport, provider: Provider): JsonReport['sessions'][number] {
  const [found, ...more] = report.sessions.filter((session) => session.provider === provider);
  if (found === undefined || more.length > 0) throw new Error(`not one session of ${provider}`);
  return found;
}

function chatOf(provider: Provider): string {
  return `chat-of-${provider}`;
}
