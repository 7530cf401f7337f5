import type { PrepullJobState } from '@drayage/core/handover';
import { combinedState } from './combined-state.ts';

/** A job as the REST API lists it. */
export interface ListedGithubJob {
  readonly name: string;
  /** @see https://docs.github.com/en/rest/actions/workflow-jobs */
  readonly status: string;
  /** Undefined while the job has not ended. */
  readonly conclusion: string | undefined;
}

const active: ReadonlyMap<string, PrepullJobState> = new Map([
  ['queued', 'pending'],
  ['requested', 'pending'],
  ['waiting', 'pending'],
  ['pending', 'pending'],
  ['in_progress', 'running'],
]);

const ended: ReadonlyMap<string, PrepullJobState> = new Map([
  ['success', 'succeeded'],
  ['neutral', 'succeeded'],
  ['failure', 'failed'],
  ['timed_out', 'failed'],
  ['startup_failure', 'failed'],
  ['action_required', 'failed'],
  ['stale', 'cancelled'],
  ['cancelled', 'cancelled'],
  ['skipped', 'skipped'],
]);

/**
 * The state of the job called `name`, including the jobs of its matrix (`NAME (a, b)`) and the ones in a
 * reusable workflow (`CALLER / NAME`). Undefined for an unknown status, and if no such job is listed: GitHub
 * can list a job later than it starts others. Pure.
 */
export function stateOfGithubJob(
  jobs: readonly ListedGithubJob[],
  name: string,
): PrepullJobState | undefined {
  const found = jobs.filter((job) => isNamed(job.name, name));
  return combinedState(
    found.map(({ status, conclusion }) =>
      status === 'completed' ? ended.get(conclusion ?? '') : active.get(status),
    ),
  );
}

function isNamed(full: string, name: string): boolean {
  const last = full.split(' / ').at(-1) ?? full;
  return [full, last].some((text) => text === name || (text.startsWith(`${name} (`) && text.endsWith(')')));
}
