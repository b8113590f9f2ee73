import { afterEach, expect, it, vi } from 'vitest';
import { ENDING_SIGNALS, undisturbed } from '../../../src/system/signals.js';

afterEach(() => void vi.restoreAllMocks());

it.each(ENDING_SIGNALS)('%s takes effect when the work is done', async (signal) => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const seen = await undisturbed(async (isAskedToEnd) => {
    const before = isAskedToEnd();
    process.emit(signal, signal);
    expect(kill).not.toHaveBeenCalled();
    return [before, isAskedToEnd()];
  });
  expect(seen).toEqual([false, true]);
  expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, signal);
  expect(process.listenerCount(signal)).toBe(0);
});

it('without a signal nothing is sent, also when the work fails', async () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  await expect(undisturbed(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(kill).not.toHaveBeenCalled();
});
