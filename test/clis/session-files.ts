/** What a CLI left on disk, found without the help of the program under test. */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Every transcript that is about this session: the id is in its name, its folder or its text. */
export async function filesOf(transcripts: string, session: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of await filesBelow(transcripts)) {
    if (!/\.jsonl?$/.test(file)) continue;
    if (file.includes(session) || (await readFile(file, 'utf8')).includes(session)) {
      found.push(file);
    }
  }
  return found;
}

/** Every file below a folder, sorted by path. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** When the newest of these files was last changed. */
export async function newestChange(files: readonly string[]): Promise<Date> {
  const stats = await Promise.all(files.map((file) => stat(file)));
  return new Date(Math.max(...stats.map(({ mtime }) => mtime.getTime())));
}

/** Makes these files look as if they were last changed so many hours ago. */
export async function setAge(files: readonly string[], hours: number): Promise<void> {
  const then = new Date(Date.now() - hours * 3_600_000);
  await Promise.all(files.map((file) => utimes(file, then, then)));
}

/** Name, time and content of every file below a folder. */
export async function fingerprint(folder: string): Promise<string[]> {
  return Promise.all(
    (await filesBelow(folder)).map(async (file) => {
      const { mtimeMs, mode } = await lstat(file);
      const digest = createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
      return `${file} ${mode} ${mtimeMs} ${digest}`;
    }),
  );
}
