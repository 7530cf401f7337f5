import type { PrepullJobState } from '@drayage/core/handover';

// For parallel jobs: wait while any is active; after all have ended, the worst result counts.
const precedence: readonly PrepullJobState[] = [
  'running',
  'pending',
  'failed',
  'cancelled',
  'succeeded',
  'skipped',
];

/** The state of parallel jobs as one; undefined without a known one. */
export function combinedState(states: readonly (PrepullJobState | undefined)[]): PrepullJobState | undefined {
  return precedence.find((state) => states.includes(state));
}
