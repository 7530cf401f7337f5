import type { PrepullJobState } from './prepull-job.ts';
import type { StatusDocument } from './status.ts';

/** What a waiter concludes. All but `running` end the wait. `job` is set when the CI system decided. */
export type WaitDecision =
  /** A pre-pull is running, or may still begin (within the grace time). */
  | { readonly kind: 'running' }
  /** The pre-pull succeeded. */
  | { readonly kind: 'ready' }
  /** No pre-pull is writing: a finished copy, with any content. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'failed'; readonly job?: PrepullJobState | undefined }
  | { readonly kind: 'cancelled'; readonly job?: PrepullJobState | undefined }
  /** The heartbeat has not changed for the lease: the pre-pull was killed, or its node is gone. */
  | { readonly kind: 'expired' }
  /** No pre-pull has begun within the grace time, or the CI system rules one out. */
  | { readonly kind: 'absent'; readonly job?: PrepullJobState | undefined }
  /** The waiter's own time limit has passed. */
  | { readonly kind: 'timeout' };

export interface WaitPolicy {
  /** Longest total wait (ms). */
  readonly timeoutMs: number;
  /** Longest wait for a pre-pull to begin (ms). */
  readonly graceMs: number;
  /** The bundle is a finished copy: do not wait. */
  readonly settled: boolean;
  /** This waiter's pipeline; a document of another one is stale. */
  readonly pipeline?: string | undefined;
}

/** The input of one status snapshot. */
export interface SnapshotInput {
  readonly status: StatusDocument | undefined;
  /** True when there is an `index.json`. */
  readonly hasIndex: boolean;
  /** The state of the pre-pull job, read before the documents; undefined: unknown. */
  readonly job?: PrepullJobState | undefined;
  /** The waiter's monotonic clock (ms); never compared with any other clock. */
  readonly now: number;
}

/** What a waiter remembers between two snapshots. */
export interface WaitMemory {
  readonly startedAt: number;
  readonly lastHeartbeat?:
    { readonly runId: string; readonly beat: number; readonly seenAt: number } | undefined;
}

/** Decides from this snapshot and the memory of earlier ones. Pure. */
export function judge(
  memory: WaitMemory,
  seen: SnapshotInput,
  policy: WaitPolicy,
): { readonly memory: WaitMemory; readonly decision: WaitDecision } {
  if (policy.settled) return { memory, decision: decideSettled(seen) };
  const { status } = seen;
  const waitedMs = seen.now - memory.startedAt;
  if (status === undefined) {
    // A pre-pull writes its status first: an index without one comes from another tool and is finished.
    if (seen.hasIndex) return { memory, decision: { kind: 'settled' } };
    return { memory, decision: decideWithoutStatus(seen.job, waitedMs, policy) };
  }
  if (status.state !== 'running') return { memory, decision: { kind: status.state } };
  // The document was read after the job had ended, so it is final.
  if (seen.job === 'failed' || seen.job === 'cancelled') {
    return { memory, decision: { kind: seen.job, job: seen.job } };
  }
  const lastHeartbeat = continuedHeartbeat(memory, status) ?? {
    runId: status.runId,
    beat: status.beat,
    seenAt: seen.now,
  };
  const isExpired = seen.now - lastHeartbeat.seenAt >= status.leaseMs;
  const isTimedOut = waitedMs >= policy.timeoutMs;
  return {
    memory: { ...memory, lastHeartbeat },
    decision: { kind: isExpired ? 'expired' : isTimedOut ? 'timeout' : 'running' },
  };
}

/** Decides while the pre-pull has not written anything. */
function decideWithoutStatus(
  job: PrepullJobState | undefined,
  waitedMs: number,
  { graceMs, timeoutMs }: WaitPolicy,
): WaitDecision {
  switch (job) {
    case 'pending':
    case 'running':
      // The job will run (it has no runner yet, or is still starting), so the grace time does not apply.
      return { kind: waitedMs < timeoutMs ? 'running' : 'timeout' };
    case 'failed':
    case 'cancelled':
      return { kind: job, job };
    case 'skipped':
    case 'absent':
      return { kind: 'absent', job };
    // A successful job may have just written its document to a location that shows it with a delay.
    case 'succeeded':
    case undefined:
      return { kind: waitedMs < Math.min(graceMs, timeoutMs) ? 'running' : 'absent' };
  }
}

function decideSettled(seen: SnapshotInput): WaitDecision {
  return { kind: seen.hasIndex || seen.status !== undefined ? 'settled' : 'absent' };
}

/**
 * True for a document of another pipeline: it and the index beside it say nothing about this one, unless the
 * copy is settled.
 */
export function isLeftOver(status: StatusDocument | undefined, policy: WaitPolicy): boolean {
  return (
    !policy.settled &&
    status?.pipeline !== undefined &&
    policy.pipeline !== undefined &&
    status.pipeline !== policy.pipeline
  );
}

function continuedHeartbeat(memory: WaitMemory, status: StatusDocument): WaitMemory['lastHeartbeat'] {
  const { lastHeartbeat } = memory;
  return lastHeartbeat?.runId === status.runId && lastHeartbeat.beat === status.beat
    ? lastHeartbeat
    : undefined;
}
