/** Runs one job per key at a time; concurrent callers share its outcome. */
export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>();

  /** The outcome of the running job with `key`, else of `start`. */
  run(key: string, start: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const job = start().finally(() => this.#running.delete(key));
    this.#running.set(key, job);
    return job;
  }
}

/**
 * The outcome of `job`, or a rejection with the signal's reason once it aborts; the job goes on for others.
 */
export async function unlessAborted<T>(job: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return job;
  // Suppresses unhandledRejection after an abort; awaiters still reject.
  job.catch(() => undefined);
  signal.throwIfAborted();
  const { promise, reject } = withRejection();
  const onAbort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([job, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function withRejection(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, rejectPromise) => {
    reject = rejectPromise;
  });
  return { promise, reject };
}
