/** The state of the pre-pull job, for any CI system. `absent`: the pipeline has no job with this name. */
export type PrepullJobState =
  'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped' | 'absent';

/**
 * Queries the CI system for the pre-pull job; it also knows of jobs that failed before they wrote a status
 * document.
 */
export interface PrepullJob {
  /** The job's current state; undefined when it cannot be determined. Rejects only when aborted. */
  look(signal?: AbortSignal): Promise<PrepullJobState | undefined>;
}
