import { Jobs } from '@gitbeaker/rest';
import { isDrayError, isObject, reasonOf } from '@drayage/core';
import type { PrepullJob } from '@drayage/core/handover';
import { statusOf } from '@drayage/http';
import type { GitlabAccess } from '../api/access.ts';
import { createGitlabClient } from '../api/gitlab-client.ts';
import { resourceOptions } from '../api/requester.ts';
import { stateOfJob, type ListedJob } from './job-state.ts';

export interface GitlabPrepullJobOptions extends GitlabAccess {
  /** `CI_PIPELINE_ID`. */
  readonly pipelineId: string;
  /** As in `.gitlab-ci.yml`. */
  readonly jobName: string;
  /** Called once, with a sentence, if GitLab refuses to report the job's state. */
  readonly onUnknown?: ((message: string) => void) | undefined;
}

/** A {@link PrepullJob} that holds connections. */
export interface GitlabPrepullJob extends PrepullJob {
  /** Ends connections. Safe to call twice. */
  close(): void;
}

/**
 * Looks up a job in the jobs of its pipeline: recent versions of GitLab let job tokens list jobs, but not
 * read a single one. Stops asking after a refusal.
 * @see https://docs.gitlab.com/api/jobs/#list-pipeline-jobs
 */
export function createGitlabPrepullJob(options: GitlabPrepullJobOptions): GitlabPrepullJob {
  const { projectId, pipelineId, jobName } = options;
  const client = createGitlabClient(options);
  const title = `look up job ${jobName} of pipeline ${pipelineId} at ${client.apiUrl.host}`;
  const operation = { title, name: 'look', side: 'source' } as const;
  let isKnowable = options.token !== undefined;
  return {
    async look(signal) {
      if (!isKnowable) return undefined;
      const api = new Jobs(resourceOptions(client, operation, signal));
      try {
        const query = { pipelineId: Number(pipelineId), perPage: 100 };
        return stateOfJob(parseJobs(await api.all(projectId, query)), jobName);
      } catch (error) {
        if (isDrayError(error, 'ABORTED') || signal?.aborted === true) throw error;
        if ([401, 403, 404].includes(statusOf(error) ?? 0)) {
          isKnowable = false;
          options.onUnknown?.(reasonOf(error));
        }
        return undefined;
      }
    },
    close: () => void client.close(),
  };
}

function parseJobs(found: unknown): readonly ListedJob[] {
  const entries: readonly unknown[] = Array.isArray(found) ? found : [];
  return entries.flatMap((entry) => {
    if (!isObject(entry)) return [];
    const { id, name, status } = entry;
    const isJob = typeof id === 'number' && typeof name === 'string' && typeof status === 'string';
    return isJob ? [{ id, name, status }] : [];
  });
}
