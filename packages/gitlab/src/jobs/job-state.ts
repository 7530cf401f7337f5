import type { PrepullJobState } from '@drayage/core/handover';

/** A job as the API lists it. */
export interface ListedJob {
  readonly id: number;
  readonly name: string;
  /** @see https://docs.gitlab.com/api/jobs/#list-pipeline-jobs */
  readonly status: string;
}

const states: ReadonlyMap<string, PrepullJobState> = new Map([
  ['created', 'pending'],
  ['waiting_for_resource', 'pending'],
  ['waiting_for_callback', 'pending'],
  ['preparing', 'pending'],
  ['pending', 'pending'],
  ['scheduled', 'pending'],
  ['running', 'running'],
  ['success', 'succeeded'],
  ['failed', 'failed'],
  ['canceling', 'cancelled'],
  ['canceled', 'cancelled'],
  ['skipped', 'skipped'],
  // Starts only when a user presses a button: do not wait.
  ['manual', 'skipped'],
]);

// For parallel jobs: wait while any is active; after all have ended, the worst result counts.
const precedence: readonly PrepullJobState[] = [
  'running',
  'pending',
  'failed',
  'cancelled',
  'succeeded',
  'skipped',
];

/**
 * The state of the job called `name`, including its parallel jobs (`NAME 1/3`, `NAME: [a, b]`). For a retried
 * job, the newest attempt counts. Undefined for an unknown status.
 */
export function stateOfJob(jobs: readonly ListedJob[], name: string): PrepullJobState | undefined {
  const newest = new Map<string, ListedJob>();
  for (const job of jobs) {
    const known = newest.get(job.name);
    if (isNamed(job.name, name) && (known === undefined || known.id < job.id)) newest.set(job.name, job);
  }
  if (newest.size === 0) return 'absent';
  const found = [...newest.values()].map(({ status }) => states.get(status));
  return precedence.find((state) => found.includes(state));
}

/** @see https://docs.gitlab.com/ci/yaml/#parallel */
function isNamed(full: string, name: string): boolean {
  if (!full.startsWith(name)) return false;
  return /^(?: \d+\/\d+|: \[.*\])?$/s.test(full.slice(name.length));
}
