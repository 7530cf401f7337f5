import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PrepullJob, PrepullJobState } from './prepull-job.ts';

// Limits the load on the CI system, however often the handover location is read.
const firstPauseMs = 3_000;
const pauseGrowth = 1.5;
const longestPauseMs = 15_000;

/** Polls the state of a job in the background. */
export interface JobFollower {
  /** The last answer; undefined when unknown. Starts a new request when one is due. Never waits. */
  latest(): PrepullJobState | undefined;
  /** Resolves with the first answer, after `limitMs` without one, or when aborted. */
  first(limitMs: number, signal: AbortSignal | undefined): Promise<void>;
  stop(): void;
}

/** Follows `job`; sends the first request before it returns. */
export function followJob(job: PrepullJob): JobFollower {
  const stopped = new AbortController();
  let latest: PrepullJobState | undefined;
  let pauseMs = firstPauseMs;
  let dueAt = Number.POSITIVE_INFINITY;
  const ask = async (): Promise<void> => {
    dueAt = Number.POSITIVE_INFINITY;
    // An unknown state is not a failure: the status document still decides.
    latest = await job.look(stopped.signal).catch(() => undefined);
    dueAt = performance.now() + pauseMs;
    pauseMs = Math.min(longestPauseMs, pauseMs * pauseGrowth);
  };
  const first = ask();
  return {
    latest() {
      if (performance.now() >= dueAt && !stopped.signal.aborted) void ask();
      return latest;
    },
    async first(limitMs, signal) {
      const answered = new AbortController();
      const signals = signal === undefined ? [answered.signal] : [answered.signal, signal];
      const limit = sleep(limitMs, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
      await Promise.race([first, limit]);
      answered.abort();
    },
    stop: () => stopped.abort(),
  };
}
