import { detectCiSystem } from '@drayage/ci';
import type { PrepullJob } from '@drayage/core/handover';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/** A {@link PrepullJob} that holds connections. */
export interface OpenPrepullJob extends PrepullJob {
  close(): void;
}

/**
 * The CI system's word on the job that pre-pulls; undefined when none is named, or when this is no CI system that we can ask. Its driver
 * is imported only then. That it will not answer is told once, as a line. @throws UsageError `CONFIG_INVALID`
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
    tell(`dray: only the status document counts: ${message}`);
  });
}
