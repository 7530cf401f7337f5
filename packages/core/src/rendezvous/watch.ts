import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseBundleIndex, type BundleIndex } from '../bundle/bundle-index.ts';
import { throwIfAborted } from '../store/abort.ts';
import type { DocumentStore } from '../transport.ts';
import { followJob, type JobFollower } from './follow-job.ts';
import type { PrepullJob } from './prepull-job.ts';
import { parseStatus, type StatusDocument } from './status.ts';
import { isLeftOver, judge, type WaitDecision, type WaitMemory, type WaitPolicy } from './wait-decision.ts';

/** Timeout for the first job state (ms). */
const firstAnswerMs = 5_000;

export interface WatchOptions {
  readonly policy: WaitPolicy;
  /** Time between two polls (ms). */
  readonly pollMs: number;
  /** Queried in addition to the documents; undefined: only the status document counts. */
  readonly job?: PrepullJob | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StatusSnapshot {
  readonly decision: WaitDecision;
  readonly status: StatusDocument | undefined;
  /** The current index of the bundle. */
  readonly index: BundleIndex | undefined;
}

/**
 * Polls the handover location. Yields the first snapshot and then every one with news, up to and including
 * the one that ends the wait. Rejects with what reading a document throws, or when aborted.
 */
export async function* watch(
  documents: DocumentStore,
  options: WatchOptions,
): AsyncGenerator<StatusSnapshot, void, undefined> {
  let memory: WaitMemory = { startedAt: performance.now() };
  let shown: string | undefined;
  const job = options.job === undefined || options.policy.settled ? undefined : followJob(options.job);
  try {
    for (let looks = 1; ; looks += 1) {
      const snapshot = await look(documents, options, memory, job);
      if (looks === 1 && job !== undefined && isUndecided(snapshot)) {
        // The job's state decides whether to wait at all.
        await job.first(firstAnswerMs, options.signal);
        throwIfAborted(options.signal, 'wait for the pre-pull');
        continue;
      }
      memory = snapshot.memory;
      const novelty = `${snapshot.decision.kind} ${snapshot.status?.runId ?? ''} ${String(snapshot.status?.beat ?? '')}`;
      if (novelty !== shown) yield snapshot;
      if (snapshot.decision.kind !== 'running') return;
      shown = novelty;
      await pause(options.pollMs, options.signal);
    }
  } finally {
    job?.stop();
  }
}

/** True while no final state is written. */
function isUndecided({ status, decision }: StatusSnapshot): boolean {
  return decision.kind !== 'settled' && (status === undefined || status.state === 'running');
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throwIfAborted(signal, 'wait for the pre-pull');
    throw error;
  }
}

async function look(
  documents: DocumentStore,
  { policy, signal }: WatchOptions,
  memory: WaitMemory,
  follower: JobFollower | undefined,
): Promise<StatusSnapshot & { memory: WaitMemory }> {
  // The job's state must be older than the documents: a job that succeeds writes its status first.
  const job = follower?.latest();
  // Read the status first: an index read later holds at least the images that the status calls ready.
  const statusBytes = await documents.read('dray-status.json', signal);
  const status = statusBytes === undefined ? undefined : parseStatus(statusBytes);
  if (isLeftOver(status, policy)) {
    const now = performance.now();
    return {
      ...judge(memory, { status: undefined, hasIndex: false, job, now }, policy),
      status: undefined,
      index: undefined,
    };
  }
  // An index beside a stale status may be invalid, so it is not parsed.
  const indexBytes = await documents.read('index.json', signal);
  const index = indexBytes === undefined ? undefined : parseBundleIndex(indexBytes);
  const now = performance.now();
  return { ...judge(memory, { status, hasIndex: index !== undefined, job, now }, policy), status, index };
}
