import { ciRun, noExtras, textOf } from '../ci-system.ts';
import type { CiRun, CiSystem } from '../ci-system.ts';

/** @see https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/ */
export const bitbucket: CiSystem = {
  id: 'bitbucket',
  name: 'Bitbucket Pipelines',
  pipelineVariable: 'BITBUCKET_PIPELINE_UUID',
  isHere: (env) => textOf(env, 'BITBUCKET_BUILD_NUMBER') !== undefined,
  readRun: (env): CiRun =>
    ciRun({
      branch: textOf(env, 'BITBUCKET_BRANCH'),
      tag: textOf(env, 'BITBUCKET_TAG'),
      event: textOf(env, 'BITBUCKET_PR_ID') === undefined ? undefined : 'pull_request',
      commit: textOf(env, 'BITBUCKET_COMMIT'),
    }),
  readJob: (env) => ({
    id: textOf(env, 'BITBUCKET_STEP_UUID') ?? '0',
    node: textOf(env, 'BITBUCKET_PARALLEL_STEP') ?? '0',
  }),
  ...noExtras,
};
