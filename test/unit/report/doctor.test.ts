import { describe, expect, it } from 'vitest';
import { ok, problem, warning } from '../../../src/output/finding.js';
import { doctorJson, doctorText } from '../../../src/report/doctor.js';

const FINDINGS = [
  ok('Node', 'v20'),
  warning('bridge', 'no address given', 'give --bridge-url'),
  problem('map', "can't be read", 'run as the user that the bridge runs as'),
];
const LOUD = { color: false, quiet: false };

async function textOf(...args: Parameters<typeof doctorText>): Promise<string> {
  return [...(await doctorText(...args))].join('');
}

describe("doctor's page", () => {
  it('has a line for each finding, and what to do below it', async () => {
    expect(await textOf(FINDINGS, LOUD, undefined)).toBe(
      [
        '✅ ok       Node: v20',
        '⚠️  warning  bridge: no address given',
        '            → give --bridge-url',
        "❌ problem  map: can't be read",
        '            → run as the user that the bridge runs as',
        '',
        '1 problem, 1 warning',
        '',
      ].join('\n'),
    );
  });

  it('goes on below, indented, on a narrow terminal', async () => {
    expect(await textOf(FINDINGS.slice(2), LOUD, 40)).toBe(
      [
        "❌ problem  map: can't be read",
        '            → run as the user that the',
        '              bridge runs as',
        '',
        '1 problem, 0 warnings',
        '',
      ].join('\n'),
    );
  });

  it('is of problems alone with --quiet', async () => {
    const text = await textOf(FINDINGS, { color: false, quiet: true }, undefined);
    expect(text).toMatch(/^❌ problem {2}map: .*\n +→ .*\n$/);
  });

  it('is healthy without a problem', () => {
    expect(doctorJson(FINDINGS)).toMatchObject({ healthy: false, checks: FINDINGS });
    expect(doctorJson(FINDINGS.slice(0, 2))).toMatchObject({ healthy: true });
  });
});
