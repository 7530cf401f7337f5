import type { StatusDocument } from './status.ts';

/** What a waiter may still hope for. All but `running` end the waiting. */
export type Prospect =
  /** A pre-pull is at work, or may yet begin (within the grace time). */
  | { readonly kind: 'running' }
  /** The pre-pull has ended well. */
  | { readonly kind: 'ready' }
  /** Nobody is writing: a finished copy, whatever it holds. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'cancelled' }
  /** The beat has not changed for the lease: the pre-pull was killed, or its node is gone. */
  | { readonly kind: 'expired' }
  /** No pre-pull has begun within the grace time. */
  | { readonly kind: 'absent' }
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

/** One look at the meeting place. */
export interface Observation {
  readonly status: StatusDocument | undefined;
  /** There is an `index.json`. */
  readonly hasIndex: boolean;
  /** The waiter's monotonic clock (ms). Never compared with any other clock. */
  readonly now: number;
}

/** What a waiter remembers between two looks. */
export interface WaitMemory {
  readonly startedAt: number;
  readonly lastBeat?: { readonly runId: string; readonly beat: number; readonly seenAt: number };
}

/** Decides by what is seen now and remembered of before. Pure. */
export function judge(
  memory: WaitMemory,
  seen: Observation,
  policy: WaitPolicy,
): { readonly memory: WaitMemory; readonly prospect: Prospect } {
  if (policy.settled) return { memory, prospect: settledProspect(seen) };
  const { status } = seen;
  const waitedMs = seen.now - memory.startedAt;
  if (status === undefined) {
    // A pre-pull writes its status before anything else: an index without one was made by another tool, and is finished.
    if (seen.hasIndex) return { memory, prospect: { kind: 'settled' } };
    const limit = Math.min(policy.graceMs, policy.timeoutMs);
    return { memory, prospect: { kind: waitedMs < limit ? 'running' : 'absent' } };
  }
  if (status.state !== 'running') return { memory, prospect: { kind: status.state } };
  const lastBeat = continuedBeat(memory, status) ?? {
    runId: status.runId,
    beat: status.beat,
    seenAt: seen.now,
  };
  const isExpired = seen.now - lastBeat.seenAt >= status.leaseMs;
  const isTimedOut = waitedMs >= policy.timeoutMs;
  return {
    memory: { ...memory, lastBeat },
    prospect: { kind: isExpired ? 'expired' : isTimedOut ? 'timeout' : 'running' },
  };
}

function settledProspect(seen: Observation): Prospect {
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

function continuedBeat(memory: WaitMemory, status: StatusDocument): WaitMemory['lastBeat'] {
  const { lastBeat } = memory;
  return lastBeat?.runId === status.runId && lastBeat.beat === status.beat ? lastBeat : undefined;
}
