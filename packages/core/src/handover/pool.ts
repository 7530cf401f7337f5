import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { throwIfAborted, abortError } from '../store/abort.ts';

/**
 * Bounds concurrency. Each command creates one pool and passes it down. A task must not wait for another task
 * of the same pool, or both may wait forever.
 */
export interface Pool {
  /** Tasks that run concurrently. */
  readonly concurrency: number;

  /**
   * Runs `task` when a slot is free, and settles as the task does. While the task is queued, an abort of
   * `signal` rejects at once and the task never starts.
   * @throws DrayError `ABORTED`, or the signal's own DrayError
   */
  run<Result>(task: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;

  /**
   * Runs `task` for every item; the results have the items' order. After the first failure or an abort, no
   * queued item starts and the signal of the running tasks aborts. Once they have ended, throws the first
   * failure.
   *
   */
  map<Item, Result>(
    items: readonly Item[],
    task: (item: Item, signal: AbortSignal) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<readonly Result[]>;
}

/** A pool of `concurrency` slots (at least 1). */
export function createPool(concurrency: number): Pool {
  const limit = pLimit(Math.max(1, Math.floor(concurrency)));
  const run = async <Result>(task: () => Promise<Result>, signal?: AbortSignal): Promise<Result> => {
    throwIfAborted(signal, 'start a task');
    return signal === undefined ? limit(task) : runAbortable(limit, task, signal);
  };
  return {
    concurrency: limit.concurrency,
    run,
    async map<Item, Result>(
      items: readonly Item[],
      task: (item: Item, signal: AbortSignal) => Promise<Result>,
      signal?: AbortSignal,
    ) {
      const stop = new AbortController();
      const both = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
      // Every task adds a listener; suppress node's leak warning.
      setMaxListeners(0, both);
      const failures: unknown[] = [];
      const stopOnFailure = async (item: Item): Promise<Result> => {
        // Not by a listener for each: adding one takes as long as there are others.
        throwIfAborted(both, 'start a task');
        try {
          return await task(item, both);
        } catch (error) {
          // Recorded here, because the pool starts the next item as soon as this one settles.
          failures.push(error);
          stop.abort(error);
          throw error;
        }
      };
      const settled = await Promise.allSettled(items.map((item) => limit(stopOnFailure, item)));
      if (failures.length > 0) throw failures[0];
      return settled.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      });
    },
  };
}

type Limit = ReturnType<typeof pLimit>;

async function runAbortable<Result>(
  limit: Limit,
  task: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  let isStarted = false;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      if (!isStarted) reject(abortError(signal, 'start a task'));
    };
    signal.addEventListener('abort', onAbort);
  });
  const done = limit(() => {
    throwIfAborted(signal, 'start a task');
    isStarted = true;
    return task();
  });
  try {
    return await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    done.catch(() => undefined);
  }
}
