import type { DrayError } from '@drayage/core';

/**
 * What `work` gives, unless `signal` aborts first: then it throws what `giveUp` makes, at once: a request that is ended does not
 * always tell its caller.
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
