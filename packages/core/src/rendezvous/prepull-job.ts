/** How the job that pre-pulls stands, in the words of any CI system. `absent`: the pipeline has no job of that name. */
export type PrepullJobState =
  'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped' | 'absent';

/** A way to ask the CI system for the job that pre-pulls: it also knows of jobs that never got as far as writing a status document. */
export interface PrepullJob {
  /** How the job stands now; undefined when it cannot be known, now or ever. Rejects only when aborted. */
  look(signal?: AbortSignal): Promise<PrepullJobState | undefined>;
}
