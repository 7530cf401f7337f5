import { Readable } from 'node:stream';
import type { ByteStream } from '../blob-store.ts';
import { DrayError, isDrayError } from '../errors.ts';

/**
 * The error for work that `signal` aborted: its reason when that is a DrayError, else `ABORTED`. `what`
 * follows "cannot".
 */
export function abortError(signal: AbortSignal, what: string): DrayError {
  const reason: unknown = signal.reason;
  if (isDrayError(reason)) return reason;
  return new DrayError('ABORTED', `cannot ${what}: it was aborted`, { cause: reason });
}

/** @throws DrayError when `signal` has aborted: `ABORTED`, or the signal's own DrayError */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw abortError(signal, what);
}

/**
 * Passes `bytes` through. Ends at once when `signal` aborts, even while the source is silent, and destroys
 * the source.
 * @throws DrayError `ABORTED`, or the signal's own DrayError
 */
export function abortable(bytes: ByteStream, signal: AbortSignal | undefined, what: string): ByteStream {
  return signal === undefined ? bytes : passUntilAborted(bytes, signal, what);
}

async function* passUntilAborted(bytes: ByteStream, signal: AbortSignal, what: string): ByteStream {
  const iterator = bytes[Symbol.asyncIterator]();
  // One waiter at a time instead of Promise.race: a race would keep every chunk alive as long as the signal.
  let rejectWaiter: (reason: DrayError) => void = () => undefined;
  const onAbort = (): void => {
    rejectWaiter(abortError(signal, what));
  };
  signal.addEventListener('abort', onAbort);
  let ended = false;
  try {
    for (;;) {
      throwIfAborted(signal, what);
      const step = await new Promise<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
        rejectWaiter = reject;
        iterator.next().then(resolve, reject);
      });
      if (step.done === true) {
        ended = true;
        return;
      }
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!ended) destroyStream(bytes, iterator);
  }
}

/** Ends a source without reading the rest. Never waits: a silent source might not answer. */
function destroyStream(bytes: ByteStream, iterator: AsyncIterator<Uint8Array>): void {
  if (bytes instanceof Readable) bytes.destroy();
  iterator.return?.().then(
    () => undefined,
    () => undefined,
  );
}
