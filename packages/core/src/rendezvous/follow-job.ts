import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PrepullJob, PrepullJobState } from './prepull-job.ts';

// A CI system is asked politely, whatever the pace at which the handover location is looked at.
const firstPauseMs = 3_000;
const pauseGrowth = 1.5;
const longestPauseMs = 15_000;

/** Asks for a job now and then, beside other things. */
export interface JobFollower {
  /** What the last answer was; undefined when nothing is known. Asks again when it is time to. Never waits. */
  latest(): PrepullJobState | undefined;
  /** Resolves with the first answer, after `limitMs` without one, or when aborted. */
  first(limitMs: number, signal: AbortSignal | undefined): Promise<void>;
  stop(): void;
}

/** Begins to follow `job`: the first question is on its way when this returns. */
export function followJob(job: PrepullJob): JobFollower {
  const stopped = new AbortController();
  let latest: PrepullJobState | undefined;
  let pauseMs = firstPauseMs;
  let dueAt = Number.POSITIVE_INFINITY;
  const ask = async (): Promise<void> => {
    dueAt = Number.POSITIVE_INFINITY;
    // Not knowing is no failure: the status document says the rest.
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
