import type { TargetLimits, TargetOutcome } from './target.ts';

/** What a worker gets. */
export interface WorkerRequest {
  readonly name: string;
  readonly limits: TargetLimits;
  /** One 32-bit number: how many inputs were begun. */
  readonly tries: SharedArrayBuffer;
}

export function isWorkerRequest(value: unknown): value is WorkerRequest {
  return typeof value === 'object' && value !== null && 'name' in value && 'limits' in value;
}

export function isTargetOutcome(value: unknown): value is TargetOutcome {
  return typeof value === 'object' && value !== null && 'tries' in value;
}
