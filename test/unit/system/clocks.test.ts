import { readFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { bootClock } from '../../../src/system/boot-clock.js';
import { Patience } from '../../../src/system/patience.js';

afterEach(() => void vi.useRealTimers());

it("the boot clock is the kernel's, which nobody sets", () => {
  const { boot, upMs } = bootClock();
  expect(boot).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  expect(upMs).toBeGreaterThan(0);
  expect(bootClock().upMs).toBeGreaterThanOrEqual(upMs);
});

it('patience ends after its time', () => {
  vi.useFakeTimers();
  const patience = new Patience(1500);
  vi.advanceTimersByTime(800);
  expect(patience.isOver).toBe(false);
  vi.advanceTimersByTime(800);
  expect(patience.isOver).toBe(true);
});

it('patience does not run out while the process is stopped', () => {
  vi.useFakeTimers();
  const patience = new Patience(1500);
  vi.advanceTimersByTime(3_600_000);
  expect(patience.isOver).toBe(false);
});
