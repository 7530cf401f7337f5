import { Worker } from 'node:worker_threads';
import type { TargetLimits, TargetOutcome } from './target.ts';
import { isTargetOutcome, type WorkerRequest } from './worker-request.ts';

const pollMs = 250;
/** No input takes this long, even on a busy machine: its processor time is limited far below. */
const maxStandstillMs = 120_000;
const maxHeapMb = 512;
/** Beyond what the process had before: buffers are not part of the heap. */
const maxGrowthBytes = 1024 ** 3;

/** Runs targets in a thread, which a new one replaces after a fault. */
export interface TargetRunner {
  /** A target that never ends, or that takes too much memory, has a fault like any other. */
  run(name: string, limits: TargetLimits): Promise<TargetOutcome>;
  close(): Promise<void>;
}

/** `program` is the file of the worker, `scratch` a directory for its files. */
export function createTargetRunner(program: URL, scratch: string): TargetRunner {
  let worker: Worker | undefined;
  return {
    async run(name, limits) {
      const resourceLimits = { maxOldGenerationSizeMb: maxHeapMb };
      const current = worker ?? new Worker(program, { workerData: scratch, resourceLimits });
      worker = current;
      const outcome = await runIn(current, { name, limits, tries: new SharedArrayBuffer(4) });
      if (outcome.failure === undefined) return outcome;
      worker = undefined;
      await current.terminate();
      return outcome;
    },
    async close() {
      await worker?.terminate();
      worker = undefined;
    },
  };
}

async function runIn(worker: Worker, request: WorkerRequest): Promise<TargetOutcome> {
  const done = (): number => Atomics.load(new Int32Array(request.tries), 0);
  const broken = (reason: string): TargetOutcome => ({ tries: done(), failure: { reason } });
  const { promise, resolve } = withResolver<TargetOutcome>();
  const onMessage = (message: unknown): void => {
    resolve(isTargetOutcome(message) ? message : broken('the worker sent no outcome'));
  };
  const onError = (error: unknown): void => {
    resolve(broken(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  };
  const onExit = (code: number): void => resolve(broken(`the worker ended with exit code ${code}`));
  const watch = watchOver(done, (reason) => resolve(broken(reason)));
  worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  worker.postMessage(request);
  try {
    return await promise;
  } finally {
    clearInterval(watch);
    worker.off('message', onMessage).off('error', onError).off('exit', onExit);
  }
}

function withResolver<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Calls `onFault` when no input is finished for too long, or memory grows too far. */
function watchOver(done: () => number, onFault: (reason: string) => void): NodeJS.Timeout {
  const before = process.memoryUsage.rss();
  let last = { tries: done(), at: performance.now() };
  return setInterval(() => {
    const now = performance.now();
    if (done() !== last.tries) last = { tries: done(), at: now };
    else if (now - last.at > maxStandstillMs) onFault(`an input takes more than ${maxStandstillMs} ms`);
    if (process.memoryUsage.rss() - before > maxGrowthBytes)
      onFault(`the process grew by more than ${maxGrowthBytes} bytes`);
  }, pollMs);
}
