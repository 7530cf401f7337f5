import type { PrepullJobState } from './prepull-job.ts';
import type { StatusDocument } from './status.ts';

/** What a waiter may still hope for. All but `running` end the waiting. `job`: it is the CI system that says so. */
export type WaitDecision =
  /** A pre-pull is at work, or may yet begin (within the grace time). */
  | { readonly kind: 'running' }
  /** The pre-pull has ended well. */
  | { readonly kind: 'ready' }
  /** Nobody is writing: a finished copy, whatever it holds. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'failed'; readonly job?: PrepullJobState | undefined }
  | { readonly kind: 'cancelled'; readonly job?: PrepullJobState | undefined }
  /** The beat has not changed for the lease: the pre-pull was killed, or its node is gone. */
  | { readonly kind: 'expired' }
  /** No pre-pull has begun within the grace time, or the CI system says that none will. */
  | { readonly kind: 'absent'; readonly job?: PrepullJobState | undefined }
  /** The waiter's own limit. */
  | { readonly kind: 'timeout' };

export interface WaitPolicy {
  /** Longest wait altogether (ms). */
  readonly timeoutMs: number;
  /** Longest wait for a pre-pull to begin (ms). */
  readonly graceMs: number;
  /** The bundle is a finished copy: nothing is waited for. */
  readonly settled: boolean;
  /** This waiter's pipeline; a document of another one is a left-over. */
  readonly pipeline?: string | undefined;
}

/** One look at the handover location. */
export interface SnapshotInput {
  readonly status: StatusDocument | undefined;
  /** There is an `index.json`. */
  readonly hasIndex: boolean;
  /** How the job that pre-pulls stood, by a look before the documents were read; undefined: not known. */
  readonly job?: PrepullJobState | undefined;
  /** The waiter's monotonic clock (ms). Never compared with any other clock. */
  readonly now: number;
}

/** What a waiter remembers between two looks. */
export interface WaitMemory {
  readonly startedAt: number;
  readonly lastHeartbeat?:
    { readonly runId: string; readonly beat: number; readonly seenAt: number } | undefined;
}

/** Decides by what is seen now and remembered of before. Pure. */
export function judge(
  memory: WaitMemory,
  seen: SnapshotInput,
  policy: WaitPolicy,
): { readonly memory: WaitMemory; readonly decision: WaitDecision } {
  if (policy.settled) return { memory, decision: decideSettled(seen) };
  const { status } = seen;
  const waitedMs = seen.now - memory.startedAt;
  if (status === undefined) {
    // A pre-pull writes its status before anything else: an index without one was made by another tool, and is finished.
    if (seen.hasIndex) return { memory, decision: { kind: 'settled' } };
    return { memory, decision: decideWithoutStatus(seen.job, waitedMs, policy) };
  }
  if (status.state !== 'running') return { memory, decision: { kind: status.state } };
  // The document was read after the job had ended: it will not change any more.
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

/** What there is to hope for when the pre-pull has written nothing yet. */
function decideWithoutStatus(
  job: PrepullJobState | undefined,
  waitedMs: number,
  { graceMs, timeoutMs }: WaitPolicy,
): WaitDecision {
  switch (job) {
    case 'pending':
    case 'running':
      // It has no runner yet, or is not ready yet: it is known to come, so the grace time does not matter.
      return { kind: waitedMs < timeoutMs ? 'running' : 'timeout' };
    case 'failed':
    case 'cancelled':
      return { kind: job, job };
    case 'skipped':
    case 'absent':
      return { kind: 'absent', job };
    // A job that has succeeded may have written its document a moment ago, in a place that is slow to show it.
    case 'succeeded':
    case undefined:
      return { kind: waitedMs < Math.min(graceMs, timeoutMs) ? 'running' : 'absent' };
  }
}

function decideSettled(seen: SnapshotInput): WaitDecision {
  return { kind: seen.hasIndex || seen.status !== undefined ? 'settled' : 'absent' };
}

/** True for a document of another pipeline: it and the index beside it say nothing about this one, unless the copy is settled. */
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
