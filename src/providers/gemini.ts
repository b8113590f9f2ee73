import { basename, dirname, join } from 'node:path';
import { PREFIX_LENGTH, type Provider } from './provider.js';
import { sessionsInside } from './sessions-inside.js';
import { directoryBeside } from './working-directory.js';

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

  entryOf(directory, name) {
    const place = PLACE[directory.length];
    if (place !== undefined)
      return [ANY, name].includes(place) ? { names: 'directory' } : undefined;
    const session = NAME.exec(name)?.[1];
    if (session === undefined) return { names: 'directory', session: name };
    return { names: session.length === PREFIX_LENGTH ? 'begun' : 'whole', session };
  },

  ownerOf: ([, , , session]) => session,
  sessionsInside,
  projectOf: (transcript) => directoryBeside(transcript) ?? basename(dirname(dirname(transcript))),
  resumeCommand: (session) => ['gemini', '--resume', session],
};

const ANY = '*';
const PLACE = ['tmp', ANY, 'chats'];

// `session-2026-11-23T22-15-0856b851.jsonl`; the time is missing where a bridge names the file.
const NAME = /^session-(?:\d{4}-\d\d-\d\dT\d\d-\d\d(?:-\d\d)?-)?(.+?)\.jsonl?$/;
