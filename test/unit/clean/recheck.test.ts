import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, symlinkSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Recheck } from '../../../src/clean/recheck.js';
import type { AssessOptions } from '../../../src/sessions/assess.js';
import { assessed } from '../../support/assessed.js';
import { age, Home, uuid } from '../../support/home.js';

/** A session that is to go, its transcript, and the last look at it. */
async function aboutToGo(over: Partial<AssessOptions> = {}) {
  const home = new Home();
  const session = randomUUID();
  const file = home.claude(session, 5);
  home.claude(uuid(2), 0.1);
  home.writeMap({ 'claude-cli': { a: session, active: uuid(2) } });
  const { assessment, problems } = await assessed(home, over);
  const recheck = new Recheck(assessment, problems);
  const [going, active] = assessment.decisions;
  if (going === undefined || active === undefined) throw new Error('nothing decided');
  const staying = () => recheck.staying.get(going.mapping);
  return { home, session, file, going, active, recheck, staying, problems };
}

async function started(session: string): Promise<void> {
  const child = spawn('sh', ['-c', 'sleep 60; true', 'claude', '--resume', session]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
}

describe('a session that was to go', () => {
  it('goes when it is as it was', async () => {
    const { recheck, going } = await aboutToGo();
    expect(recheck.stays(going)).toBe(false);
    recheck.refresh();
    expect(recheck.stays(going)).toBe(false);
  });

  it('stays when its transcript was written to', async () => {
    const { recheck, going, file, staying } = await aboutToGo();
    age(file, 0);
    expect(recheck.stays(going)).toBe(true);
    expect(staying()).toMatchObject({ state: 'active', keptBecause: 'active' });
    expect(Date.now() - (staying()?.lastActivity ?? 0)).toBeLessThan(60_000);
  });

  it('stays when another file of it has come, as the next look at all shows', async () => {
    const { recheck, going, home, session, staying } = await aboutToGo();
    home.claude(session, 0, '-srv-other');
    expect(recheck.stays(going)).toBe(false);
    recheck.refresh();
    expect(recheck.stays(going)).toBe(true);
    expect(staying()).toMatchObject({ state: 'active', keptBecause: 'active' });
  });

  it('stays when its transcript has gone: it may have been moved', async () => {
    const { recheck, going, file, staying } = await aboutToGo();
    rmSync(file);
    expect(recheck.stays(going)).toBe(true);
    recheck.refresh();
    expect(recheck.stays(going)).toBe(true);
    expect(staying()).toMatchObject({ state: 'missing' });
  });

  it('stays, and that is told, when its transcript can not be looked at any more', async () => {
    const { recheck, going, file, problems } = await aboutToGo();
    rmSync(file);
    symlinkSync(file, file);
    expect(recheck.stays(going)).toBe(true);
    expect(problems.all).toMatchObject([
      { level: 'problem', message: 'claude-cli/a: kept: too many symbolic links' },
    ]);
    recheck.refresh();
    expect(problems.all).toHaveLength(2);
  });

  it('stays when its CLI was started, unless processes do not count', async () => {
    const { recheck, going, session, staying } = await aboutToGo();
    await started(session);
    recheck.refresh();
    expect(recheck.stays(going)).toBe(true);
    expect(staying()).toMatchObject({ state: 'idle', running: true, keptBecause: 'running' });

    const other = await aboutToGo({ keepRunning: false });
    await started(other.session);
    other.recheck.refresh();
    expect(other.recheck.stays(other.going)).toBe(false);
  });

  it('stays when its CLI was started between two looks at everything', async () => {
    const { recheck, going, session, staying } = await aboutToGo();
    await started(session);
    await expect.poll(() => recheck.stays(going)).toBe(true);
    expect(staying()).toMatchObject({ running: true, keptBecause: 'running' });
  });

  it('stays in doubt when its id stands in some command', async () => {
    const { recheck, going, session, staying } = await aboutToGo();
    const child = spawn('sh', ['-c', 'sleep 60; true', 'grep', session]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'spawn');
    await expect.poll(() => recheck.stays(going)).toBe(true);
    expect(staying()).toMatchObject({ running: false, keptBecause: 'doubt' });
  });
});

it('a session that was not to go stays', async () => {
  const { recheck, active } = await aboutToGo();
  expect(recheck.stays(active)).toBe(true);
});

it('a mapping without a transcript goes as long as it has none', async () => {
  const home = new Home();
  home.claude(uuid(1), 0.1);
  home.writeMap({ 'claude-cli': { a: uuid(1), gone: uuid(2) } });
  const { assessment, problems } = await assessed(home, { missing: 'remove' });
  const decisions = assessment.decisions.map((one) => ({ ...one, keptBecause: null }));
  const [, gone] = decisions;
  const recheck = new Recheck({ ...assessment, decisions }, problems);
  if (gone === undefined) throw new Error('nothing decided');
  expect(recheck.stays(gone)).toBe(false);
});
