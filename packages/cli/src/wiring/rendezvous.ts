import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { openPrepullJob, type OpenPrepullJob } from './prepull-job.ts';
import { openHandoverLocations, type HandoverLocations } from './handover.ts';

/** The sources of the pre-pull's state for the deploy job. */
export interface Rendezvous {
  readonly places: HandoverLocations;
  readonly job: OpenPrepullJob | undefined;
}

/**
 * Opens the locations and the pre-pull job, runs `use`, and closes both, even if opening or `use` fails.
 * `onLine` receives log lines. @throws as {@link openPlaces}, {@link openPrepullJob} and `use`
 */
export async function withRendezvous<Result>(
  config: Config,
  host: Host,
  onLine: (line: string) => void,
  use: (rendezvous: Rendezvous) => Promise<Result>,
): Promise<Result> {
  const places = await openHandoverLocations(config, host);
  try {
    const job = await openPrepullJob(config, host, onLine);
    try {
      return await use({ places, job });
    } finally {
      job?.close();
    }
  } finally {
    await places.close();
  }
}
