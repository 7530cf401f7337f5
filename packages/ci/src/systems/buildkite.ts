import { ciRun, noExtras, textOf } from '../ci-system.ts';
import type { CiRun, CiSystem, Env } from '../ci-system.ts';

/** The agent accepts no larger annotation. */
const annotationBytes = 1024 * 1024;

/** @see https://buildkite.com/docs/pipelines/configure/environment-variables */
export const buildkite: CiSystem = {
  id: 'buildkite',
  name: 'Buildkite',
  pipelineVariable: 'BUILDKITE_BUILD_ID',
  isHere: (env) => env['BUILDKITE'] === 'true',
  readRun(env): CiRun {
    const isPullRequest = !['false', undefined].includes(textOf(env, 'BUILDKITE_PULL_REQUEST'));
    const commit = textOf(env, 'BUILDKITE_COMMIT');
    return ciRun({
      branch: textOf(env, 'BUILDKITE_BRANCH'),
      tag: textOf(env, 'BUILDKITE_TAG'),
      event: isPullRequest ? 'pull_request' : textOf(env, 'BUILDKITE_SOURCE'),
      // A build of the newest commit starts with the word HEAD.
      commit: commit === 'HEAD' ? undefined : commit,
      isFork: isPullRequest ? isForkOf(env) : undefined,
    });
  },
  readJob: (env) => ({
    id: textOf(env, 'BUILDKITE_JOB_ID') ?? '0',
    node: textOf(env, 'BUILDKITE_PARALLEL_JOB') ?? '0',
  }),
  ...noExtras,
  // The agent writes BUILDKITE_ENV_FILE, but does not read it again.
  exportTo: () => ({ kind: 'program', command: ['buildkite-agent', 'env', 'set'] }),
  summaryTo: (env) => ({
    kind: 'program',
    command: (level) => [
      ...['buildkite-agent', 'annotate', '--style', level === 'notice' ? 'info' : level],
      ...['--context', `drayage-${textOf(env, 'BUILDKITE_JOB_ID') ?? '0'}`],
    ],
    maxBytes: annotationBytes,
  }),
  log: { openGroup: ({ title }) => `--- ${title}\n` },
  jobInterface: 'buildkite',
  cancellation: [
    { signal: 'SIGTERM', afterMs: 0 },
    { signal: 'SIGKILL', afterMs: 10_000 },
  ],
};

function isForkOf(env: Env): boolean | undefined {
  const [head, base] = [textOf(env, 'BUILDKITE_PULL_REQUEST_REPO'), textOf(env, 'BUILDKITE_REPO')];
  return head === undefined || base === undefined ? undefined : repositoryOf(head) !== repositoryOf(base);
}

/** `owner/name` of a git URL in any notation. */
function repositoryOf(url: string): string | undefined {
  return /([^/:]+\/[^/:]+?)(?:\.git)?\/?$/.exec(url)?.[1]?.toLowerCase();
}
