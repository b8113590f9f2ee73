import { expect, it } from 'vitest';
import { summarize } from '../../../src/report/clean-report.js';
import { reportOf, rowOf } from './report-of.js';

it('the counts of a report are of its rows, by state and by action', () => {
  const kept = { action: 'kept', via: null } as const;
  const rows = [
    rowOf({}),
    rowOf({}, { action: 'would-remove', via: null }),
    rowOf({ state: 'missing' }),
    ...(['active', 'active', 'unreadable', 'unrecognized'] as const).map((state) =>
      rowOf({ state }, kept),
    ),
  ];
  expect(summarize(reportOf(rows, { writtenBack: 3 }))).toEqual({
    checked: 7,
    active: 2,
    idle: 2,
    missing: 1,
    unreadable: 1,
    unrecognized: 1,
    removed: 2,
    wouldRemove: 1,
    writtenBack: 3,
  });
});
