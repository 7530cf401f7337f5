import { DrayError, isObject } from '@drayage/core';
import type { PrepullJob } from '@drayage/core/handover';
import { createConnections, readJson, type ConnectionOptions, type Connections } from '@drayage/http';
import { stateOfGithubJob, type ListedGithubJob } from './github-job-state.ts';

export interface GithubPrepullJobOptions extends Pick<ConnectionOptions, 'ca' | 'proxyFor' | 'userAgent'> {
  /** `GITHUB_API_URL`. */
  readonly apiUrl: string;
  /** `GITHUB_REPOSITORY`. */
  readonly repository: string;
  /** `GITHUB_RUN_ID`. */
  readonly runId: string;
  /** Needs `actions: read`; sent to the origin of `apiUrl` only. */
  readonly token: string;
  /** As the web page shows it: `name` of the job, or else its key. */
  readonly jobName: string;
  /** Called once, with a sentence, if GitHub refuses to list the jobs. */
  readonly onUnknown?: ((message: string) => void) | undefined;
}

const pageSize = 100;
/** A matrix has at most 256 jobs. */
const maxPages = 10;
/** A page is about 300 kB. */
const pageBytes = 8 * 1024 * 1024;

/**
 * Looks up a job in the latest attempt of the run. Stops asking after a refusal.
 * @see https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run
 */
export function createGithubPrepullJob(options: GithubPrepullJobOptions): PrepullJob & { close(): void } {
  const connections = createConnections(options);
  let isKnowable = true;
  return {
    async look(signal) {
      if (!isKnowable) return undefined;
      try {
        return stateOfGithubJob(await listJobs(connections, options, signal), options.jobName);
      } catch (error) {
        if (signal?.aborted === true) throw error;
        if (error instanceof Refusal) {
          isKnowable = false;
          options.onUnknown?.(error.message);
        }
        return undefined;
      }
    },
    close: () => void connections.close(),
  };
}

/** GitHub does not let this token list jobs. */
class Refusal extends DrayError {}

async function listJobs(
  connections: Connections,
  options: GithubPrepullJobOptions,
  signal: AbortSignal | undefined,
): Promise<readonly ListedGithubJob[]> {
  const jobs: ListedGithubJob[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const found = await readPage(connections, options, page, signal);
    jobs.push(...found);
    if (found.length < pageSize) break;
  }
  return jobs;
}

async function readPage(
  connections: Connections,
  { apiUrl, repository, runId, token }: GithubPrepullJobOptions,
  page: number,
  signal: AbortSignal | undefined,
): Promise<readonly ListedGithubJob[]> {
  const path = `repos/${repository}/actions/runs/${encodeURIComponent(runId)}/jobs`;
  const query = `filter=latest&per_page=${String(pageSize)}&page=${String(page)}`;
  const url = new URL(`${apiUrl.replace(/\/+$/, '')}/${path}?${query}`);
  const headers = { accept: 'application/vnd.github+json', authorization: `Bearer ${token}` };
  const response = await connections.send({ method: 'GET', url, headers, signal });
  const { status } = response;
  const answer = await readJson(response, pageBytes);
  if (status === 200) return parseJobs(answer);
  const message = `cannot list the jobs of run ${runId}: ${url.host} answered ${String(status)}`;
  if (![401, 403, 404].includes(status)) throw new DrayError('NOT_AVAILABLE', message);
  throw new Refusal(
    'NOT_AVAILABLE',
    `${message}; the job needs "permissions: actions: read" and GITHUB_TOKEN`,
  );
}

function parseJobs(answer: unknown): readonly ListedGithubJob[] {
  const jobs: unknown = isObject(answer) ? answer['jobs'] : undefined;
  const entries: readonly unknown[] = Array.isArray(jobs) ? jobs : [];
  return entries.flatMap((entry) => {
    if (!isObject(entry)) return [];
    const { name, status, conclusion } = entry;
    if (typeof name !== 'string' || typeof status !== 'string') return [];
    return [{ name, status, conclusion: typeof conclusion === 'string' ? conclusion : undefined }];
  });
}
