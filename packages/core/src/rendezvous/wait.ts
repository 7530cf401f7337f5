import type { Reference } from '../image/reference.ts';
import type { DocumentStore } from '../transport.ts';
import { imageAvailabilities, decisionReason, type ImageAvailability } from './image-availability.ts';
import { watch, type StatusSnapshot, type WatchOptions } from './watch.ts';

export interface WaitRequest extends WatchOptions {
  readonly documents: DocumentStore;
  /** Empty: every image of the pre-pull. */
  readonly only: readonly Reference[];
  readonly onSnapshot?: ((snapshot: StatusSnapshot) => void) | undefined;
}

export interface WaitReport {
  readonly outcome: 'ready' | 'not-coming' | 'timeout';
  /** Why the images are not ready: a stable word, a colon and details. */
  readonly reason?: string | undefined;
  readonly images: readonly { readonly reference: string; readonly state: ImageAvailability['kind'] }[];
  readonly ms: number;
}

/** Waits until the bundle holds every wanted image, one of them is lost, or the time limit passes. */
export async function waitForImages(request: WaitRequest): Promise<WaitReport> {
  const startedAt = performance.now();
  for await (const snapshot of watch(request.documents, request)) {
    request.onSnapshot?.(snapshot);
    const report = waitReport(snapshot, imageAvailabilities(snapshot, request.only));
    if (report !== undefined) return { ...report, ms: Math.round(performance.now() - startedAt) };
  }
  throw new Error('the watch ended without a final decision');
}

/** Undefined: keep waiting. Pure. */
function waitReport(
  snapshot: StatusSnapshot,
  wanted: readonly ImageAvailability[] | undefined,
): Omit<WaitReport, 'ms'> | undefined {
  const isRunning = snapshot.decision.kind === 'running';
  const images = (wanted ?? []).map(({ name, kind }) => ({ reference: name, state: kind }));
  const lost = wanted?.find((availability) => availability.kind === 'lost');
  const isComplete =
    wanted !== undefined && wanted.every(({ kind }) => kind === 'ready' || kind === 'skipped');
  // Without any image, the end of the pre-pull decides.
  const isWell = wanted?.length === 0 ? isSuccess(snapshot) : snapshot.decision.kind !== 'absent';
  if (isComplete && isWell) return { outcome: 'ready', images };
  if (isRunning && lost === undefined) return undefined;
  const outcome = snapshot.decision.kind === 'timeout' ? 'timeout' : 'not-coming';
  const reason =
    isRunning || isSuccess(snapshot)
      ? `incomplete: ${lost?.error.message ?? 'no image'}`
      : decisionReason(snapshot);
  return { outcome, reason, images };
}

function isSuccess({ decision }: StatusSnapshot): boolean {
  return decision.kind === 'ready' || decision.kind === 'settled';
}
