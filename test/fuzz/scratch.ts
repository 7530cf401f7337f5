import { workerData } from 'node:worker_threads';

/** The directory for the files of targets; the campaign removes it. */
export function scratchDirectory(): string {
  const directory: unknown = workerData;
  if (typeof directory === 'string') return directory;
  throw new Error('cannot write files: this worker has no directory for them');
}
