import { detectCiSystem } from '@drayage/ci';
import type { PrepullJob } from '@drayage/core/handover';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/** A {@link PrepullJob} that holds connections. */
export interface OpenPrepullJob extends PrepullJob {
  close(): void;
}

/**
 * The pre-pull job as the CI system reports it; undefined if no job is configured or the CI system is not
 * supported. Imports the driver on demand. Logs the first failed request, and no others. @throws UsageError
 * `CONFIG_INVALID`
 */
export async function openPrepullJob(
  config: Config,
  host: Host,
  tell: (line: string) => void,
): Promise<OpenPrepullJob | undefined> {
  const { prepullJob, settled } = config;
  if (prepullJob === undefined || settled || detectCiSystem(host.env).id !== 'gitlab') return undefined;
  const { openGitlabPrepullJob } = await import('./gitlab.ts');
  return openGitlabPrepullJob(prepullJob, config, host, (message) => {
    tell(`dray: using only the status document: ${message}`);
  });
}
