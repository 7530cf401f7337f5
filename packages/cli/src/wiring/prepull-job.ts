import { createBuildkitePrepullJob, createGithubPrepullJob, detectCiSystem } from '@drayage/ci';
import type { PrepullJob } from '@drayage/core/handover';
import { createProxyRules, proxySettings, readCertificates, readExtraCertificates } from '@drayage/http';
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
  if (prepullJob === undefined || settled) return undefined;
  const onUnknown = (message: string): void => tell(`dray: using only the status document: ${message}`);
  switch (detectCiSystem(host.env).jobInterface) {
    case 'gitlab': {
      const { openGitlabPrepullJob } = await import('./gitlab.ts');
      return openGitlabPrepullJob(prepullJob, config, host, onUnknown);
    }
    case 'github':
      return openGithubPrepullJob(prepullJob, config, host, onUnknown);
    case 'buildkite':
      return createBuildkitePrepullJob({ step: prepullJob, env: host.env, onUnknown });
    case undefined:
      return undefined;
  }
}

async function openGithubPrepullJob(
  jobName: string,
  { caFile }: Config,
  { env, version }: Host,
  onUnknown: (message: string) => void,
): Promise<OpenPrepullJob | undefined> {
  const { GITHUB_REPOSITORY: repository = '', GITHUB_RUN_ID: runId = '', GITHUB_TOKEN: token = '' } = env;
  const apiUrl = env['GITHUB_API_URL'] ?? 'https://api.github.com';
  if (repository === '' || runId === '') return undefined;
  if (token === '') {
    onUnknown('the step has no GITHUB_TOKEN: set it in "env" to ${{ github.token }}');
    return undefined;
  }
  const extra = await readExtraCertificates(env);
  const ca = [caFile === undefined ? undefined : await readCertificates(caFile), extra].filter(
    (pem) => pem !== undefined,
  );
  return createGithubPrepullJob({
    ...{ apiUrl, repository, runId, token, jobName, onUnknown },
    userAgent: `drayage/${version}`,
    ca: ca.length === 0 ? undefined : ca.join('\n'),
    proxyFor: createProxyRules(proxySettings(env)),
  });
}
