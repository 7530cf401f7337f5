import { abortError, throwIfAborted } from '@drayage/core';

/** A bound on bytes in memory. */
export interface MemoryBudget {
  /**
   * Waits for `sizeBytes`, first come, first served; more than the whole budget counts as the whole. The
   * caller calls the result when it no longer holds them.
   * @throws DrayError `ABORTED`
   */
  take(sizeBytes: number, signal: AbortSignal | undefined): Promise<() => void>;
}

interface Waiter {
  readonly sizeBytes: number;
  readonly start: () => void;
}

export function createMemoryBudget(totalBytes: number): MemoryBudget {
  let freeBytes = totalBytes;
  const waiters: Waiter[] = [];
  const startNext = (): void => {
    for (let next = waiters[0]; next !== undefined && next.sizeBytes <= freeBytes; next = waiters[0]) {
      waiters.shift();
      freeBytes -= next.sizeBytes;
      next.start();
    }
  };
  const releaseOnce = (sizeBytes: number): (() => void) => {
    let isHeld = true;
    return () => {
      if (isHeld) freeBytes += sizeBytes;
      isHeld = false;
      startNext();
    };
  };
  return {
    async take(wanted, signal) {
      const what = 'wait for memory';
      throwIfAborted(signal, what);
      const sizeBytes = Math.min(wanted, totalBytes);
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
          waiters.splice(waiters.indexOf(waiter), 1);
          if (signal !== undefined) reject(abortError(signal, what));
          startNext();
        };
        const start = (): void => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const waiter: Waiter = { sizeBytes, start };
        signal?.addEventListener('abort', onAbort, { once: true });
        waiters.push(waiter);
        startNext();
      });
      return releaseOnce(sizeBytes);
    },
  };
}
