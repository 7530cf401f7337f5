import { UsageError } from '@drayage/core';
import {
  createGitlabPrepullJob,
  createGitlabTransport,
  type GitlabAccess,
  type GitlabPrepullJob,
  type GitlabToken,
  type GitlabTransport,
} from '@drayage/gitlab';
import { createProxyRules, proxySettings, readCertificates, readExtraCertificates } from '@drayage/http';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/** The handover through the packages of this job's project. @throws UsageError `USAGE`, `CONFIG_INVALID` */
export async function openGitlabTransport(url: string, config: Config, host: Host): Promise<GitlabTransport> {
  const access = await readAccess(config, host);
  const { pipeline } = config;
  if (access === undefined) {
    throw new UsageError(
      'USAGE',
      'cannot hand over through gitlab://: CI_API_V4_URL or CI_PROJECT_ID is not set',
      {
        hint: 'Run it in a GitLab job, or set both variables and DRAY_GITLAB_TOKEN.',
      },
    );
  }
  if (pipeline === undefined) {
    throw new UsageError('USAGE', 'cannot hand over through gitlab://: the pipeline is unknown', {
      hint: 'Set CI_PIPELINE_ID, or name the run with --pipeline.',
    });
  }
  return createGitlabTransport({ ...access, url, pipeline });
}

/**
 * The pre-pull job as GitLab reports it; undefined if the pipeline is unknown.
 * @throws UsageError `CONFIG_INVALID`
 */
export async function openGitlabPrepullJob(
  jobName: string,
  config: Config,
  host: Host,
  onUnknown: (message: string) => void,
): Promise<GitlabPrepullJob | undefined> {
  const { CI_PIPELINE_ID: pipelineId = '' } = host.env;
  const access = await readAccess(config, host);
  if (access === undefined || pipelineId === '') return undefined;
  return createGitlabPrepullJob({ ...access, pipelineId, jobName, onUnknown });
}

async function readAccess(config: Config, host: Host): Promise<GitlabAccess | undefined> {
  const { CI_API_V4_URL: apiUrl = '', CI_PROJECT_ID: projectId = '' } = host.env;
  if (apiUrl === '' || projectId === '') return undefined;
  return {
    apiUrl,
    projectId,
    token: readToken(config, host),
    userAgent: `drayage/${host.version}`,
    ca: await readCaCertificates(config, host),
    proxyFor: createProxyRules(proxySettings(host.env)),
  };
}

function readToken({ gitlabToken }: Config, { env }: Host): GitlabToken | undefined {
  if (gitlabToken !== undefined) return { kind: 'access', value: gitlabToken.trim() };
  const { CI_JOB_TOKEN: value = '' } = env;
  return value === '' ? undefined : { kind: 'job', value };
}

/** PEM of CA certificates to trust in addition to Node.js's. */
async function readCaCertificates({ caFile }: Config, { env }: Host): Promise<string | undefined> {
  const { CI_SERVER_TLS_CA_FILE: runnerFile = '' } = env;
  const found = [
    caFile === undefined ? undefined : await readCertificates(caFile),
    // With a private CA, the runner sets it in every job; not every image has the file.
    runnerFile === '' ? undefined : await readCertificates(runnerFile).catch(() => undefined),
    await readExtraCertificates(env),
  ].filter((pem) => pem !== undefined);
  return found.length === 0 ? undefined : found.join('\n');
}
