import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';

/** Runs with both streams into one file, as a service's go into one socket. */
function runInto(home: Home, args: readonly string[], stream: (named: string) => string): string[] {
  const path = join(home.dir, 'streams');
  const file = openSync(path, 'w');
  const { dev, ino } = statSync(path, { bigint: true });
  spawnSync(installedNode(), [installedProgram(), ...args], {
    env: {
      HOME: home.dir,
      CLAUDE_SESSION_DIR: home.sessionDir,
      JOURNAL_STREAM: stream(`${dev}:${ino}`),
    },
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  return readFileSync(path, 'utf8').trimEnd().split('\n');
}

function homeWithOldAndOdd(): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.writeMap({ 'claude-cli': { a: uuid(1), b: '*' } });
  return home;
}

const itself = (named: string): string => named;

describe('standard output and error that JOURNAL_STREAM names', () => {
  it('get lines for a log, with priorities before the problems', () => {
    const [removal, run, problem, ...more] = runInto(homeWithOldAndOdd(), [], itself);
    expect(removal).toMatch(/^removed claude-cli\/a: session .*, idle for 5\.0h \(last: .*\)$/);
    expect(run).toBe('2 checked (1 idle, 1 unrecognized), 1 removed; threshold 2h');
    expect(problem).toMatch(/^<4>claude-session-cleanup: warning: claude-cli\/b: /);
    expect(more).toEqual([]);
  });

  it.each([
    {
      args: ['--metrics', '/nowhere/run.prom'],
      said: /^<3>claude-session-cleanup: error: \/nowhere/m,
    },
    { args: ['--bogus'], said: /^<3>claude-session-cleanup: error: unknown option '--bogus'$/m },
    { args: ['list', '--state', 'x'], said: /^<3>claude-session-cleanup: error: option '--state/m },
  ])('get the priority of an error: $args', ({ args, said }) => {
    expect(runInto(homeWithOldAndOdd(), args, itself).join('\n')).toMatch(said);
  });

  it.each([
    { what: 'another inode', stream: (named: string) => `${named}1` },
    { what: 'another device', stream: (named: string) => `1${named}` },
    { what: 'nothing that makes sense', stream: () => 'journal' },
  ])('are others when it names $what', ({ stream }) => {
    const lines = runInto(homeWithOldAndOdd(), [], stream);
    expect(lines[0]).toBe('='.repeat(80));
    expect(lines.join('\n')).toMatch(/^claude-session-cleanup: warning: claude-cli\/b: /m);
  });
});
