import { dirname, join } from 'node:path';
import { PREFIX_LENGTH, type Provider } from './provider.js';
import { directoryBeside, folderOf } from './working-directory.js';

/**
 * Gemini CLI (layout seen in 0.10 to 0.61): `tmp/<project>/chats/session-<yyyy-mm-ddThh-mm>-<first 8
 * of the id>.jsonl`, `.json` before 0.40; the whole id is the file's own `sessionId`. Some bridges
 * expect the whole id in the name, which is taken too. Sub-agents lie in `chats/<whole parent id>/`.
 * `<project>` is a slug from 0.30, a SHA-256 before; the old folder stays, so all are looked in.
 */
export const gemini: Provider = {
  family: 'gemini',
  label: 'Gemini CLI',
  rootVariable: 'GEMINI_CLI_HOME',
  rootFrom: (value) => join(value, '.gemini'),
  rootName: '.gemini',

  classify(directory, name, isDirectory, wanted) {
    if (directory.length === 0) return isDirectory && name === 'tmp' ? 'keep' : 'skip';
    if (directory.length === 1) return isDirectory ? 'keep' : 'skip';
    if (directory.length === 2) return isDirectory && name === 'chats' ? 'keep' : 'skip';
    if (directory.length > 3) return !isDirectory && name.endsWith('.jsonl') ? 'keep' : 'skip';
    if (isDirectory) return wanted.has(name) ? 'keep' : 'skip';
    const id = idInName(name);
    if (id === undefined) return 'skip';
    const isWanted = id.length === PREFIX_LENGTH ? wanted.hasPrefix(id) : wanted.has(id);
    return isWanted ? 'keep' : 'other-transcript';
  },

  ownerOf: ([, , , session]) => session,
  only: (directory) => (directory.length === 2 ? 'chats' : undefined),

  claim([, , , name, ...below]) {
    if (name === undefined) return undefined;
    if (below.length > 0) return { by: 'name', session: name, part: 'extra' };
    const id = idInName(name);
    if (id === undefined) return undefined;
    return id.length === PREFIX_LENGTH
      ? { by: 'content', prefix: id, part: 'transcript' }
      : { by: 'name', session: id, part: 'transcript' };
  },

  projectOf: (transcript) => directoryBeside(transcript) ?? folderOf(dirname(transcript)),
  resumeCommand: (session) => ['gemini', '--resume', session],
};

// `session-2026-11-23T22-15-0856b851.jsonl`; the time is missing where a bridge names the file.
const NAME = /^session-(?:\d{4}-\d\d-\d\dT\d\d-\d\d(?:-\d\d)?-)?(.+?)\.jsonl?$/;

function idInName(name: string): string | undefined {
  return NAME.exec(name)?.[1];
}
