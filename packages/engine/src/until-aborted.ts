import type { DrayError } from '@drayage/core';

/**
 * Resolves as `work` does, unless `signal` aborts first: then throws at once what `giveUp` makes. An aborted
 * request does not always notify its caller.
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  giveUp: (signal: AbortSignal) => DrayError,
): Promise<T> {
  if (signal === undefined) return await work;
  let onAbort: () => void = () => undefined;
  const abandoned = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(giveUp(signal));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
