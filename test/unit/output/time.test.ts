import { lightFormat } from 'date-fns/lightFormat';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { localTime, timeAgo } from '../../../src/output/time.js';

it('is the date and the time of day, as calendars write them', () => {
  const dates = fc.date({
    min: new Date('0001-01-02'),
    max: new Date('9999-12-30'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(dates, (date) => {
      expect(localTime(date.getTime())).toBe(lightFormat(date, 'yyyy-MM-dd HH:mm:ss'));
    }),
  );
});

it('rounds to the whole millisecond, and knows times that no calendar has', () => {
  expect(localTime(Date.parse('2026-11-30T05:00:00.999') - 0.6)).toBe('2026-11-30 05:00:00');
  expect(localTime(9e15)).toBe('unknown');
});

it('tells how far a moment is from now', () => {
  const now = Date.parse('2026-11-30T12:00:00Z');
  expect(timeAgo(now - 25 * 60_000, now)).toBe('25 minutes ago');
  expect(timeAgo(now + 2 * 3_600_000, now)).toBe('in 2 hours');
});
