import { expect, it } from 'vitest';
import { localTime } from '../../../src/output/time.js';
import { logText } from '../../../src/report/log-text.js';
import { HOUR_MS, NOW, reportOf, rowOf } from './report-of.js';

const SESSION = '0856b851-0000-4000-8000-000000000000';

it('a log has a line for each removal with all that it is searched for, and one for the run', () => {
  const rows = [
    rowOf({}),
    rowOf({ state: 'missing', lastActivity: null, transcript: null }),
    rowOf({ state: 'active' }, { action: 'kept', via: null }),
  ];
  expect(logText(reportOf(rows, { writtenBack: 1 }))).toBe(
    [
      `removed claude-cli/dace53ab-1111: session ${SESSION}, idle for 5.0h (last: ${localTime(NOW - 5 * HOUR_MS)})`,
      `removed claude-cli/dace53ab-1111: session ${SESSION}, no transcript`,
      '3 checked (1 active, 1 idle, 1 missing), 2 removed, 1 written back by the bridge; threshold 2h',
      '',
    ].join('\n'),
  );
});

it('beside a bridge it says which way a mapping went', () => {
  const text = logText(reportOf([rowOf({}, { via: 'bridge' })], { withBridge: true }));
  expect(text).toMatch(/^removed claude-cli\/dace53ab-1111 via the bridge: /);
});
