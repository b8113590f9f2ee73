import { mkdir, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { attempt, run } from './command.js';

const CACHE = join(
  process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
  'claude-session-cleanup',
);

/** Where a Debian package's files are unpacked, which is not installed for a test alone. */
export async function unpacked(name: string): Promise<string> {
  const folder = join(CACHE, name);
  await run(['dpkg', '-x', await deb(name), folder]);
  return folder;
}

/** The path of a Debian package's file, from the cache or the registry. */
export async function deb(name: string): Promise<string> {
  const folder = join(CACHE, 'debs');
  await mkdir(folder, { recursive: true });
  return (await cached(folder, name)) ?? (await download(folder, name));
}

async function cached(folder: string, name: string): Promise<string | undefined> {
  const file = (await readdir(folder)).find((file) => file.startsWith(`${name}_`));
  return file && join(folder, file);
}

async function download(folder: string, name: string): Promise<string> {
  const fetch = ['env', '-C', folder, 'apt-get', 'download', '--quiet', name] as const;
  // A machine that was just made has no lists.
  if ((await attempt([...fetch])).status !== 0) {
    await run(['apt-get', 'update', '--quiet']);
    await run([...fetch]);
  }
  const file = await cached(folder, name);
  if (file === undefined) throw new Error(`apt-get download left no ${name}_*.deb in ${folder}`);
  return file;
}
