/** The signals that ask a process to end. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does work that is better finished than broken off: a signal that asks the process to end takes
 * effect when it is done.
 *
 * @param work is told whether there was one, so that long work can come to an early end
 */
export async function undisturbed<T>(
  work: (isAskedToEnd: () => boolean) => Promise<T>,
): Promise<T> {
  let asked: NodeJS.Signals | undefined;
  const remember = (signal: NodeJS.Signals): void => {
    asked ??= signal;
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, remember);
  try {
    return await work(() => asked !== undefined);
  } finally {
    for (const signal of ENDING_SIGNALS) process.off(signal, remember);
    if (asked !== undefined) process.kill(process.pid, asked);
  }
}
