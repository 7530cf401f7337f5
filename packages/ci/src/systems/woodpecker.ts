import { ciRun, noExtras, textOf } from '../ci-system.ts';
import type { CiRun, CiSystem } from '../ci-system.ts';

/** @see https://woodpecker-ci.org/docs/usage/environment */
export const woodpecker: CiSystem = {
  id: 'woodpecker',
  name: 'Woodpecker CI',
  pipelineVariable: 'CI_PIPELINE_NUMBER',
  isHere: (env) => [env['CI'], env['CI_SYSTEM_NAME']].includes('woodpecker'),
  readRun: (env): CiRun =>
    ciRun({
      branch: textOf(env, 'CI_COMMIT_SOURCE_BRANCH') ?? textOf(env, 'CI_COMMIT_BRANCH'),
      tag: textOf(env, 'CI_COMMIT_TAG'),
      event: textOf(env, 'CI_PIPELINE_EVENT'),
      commit: textOf(env, 'CI_COMMIT_SHA'),
    }),
  readJob: (env) => ({
    id: ['CI_PIPELINE_NUMBER', 'CI_WORKFLOW_NUMBER', 'CI_STEP_NUMBER']
      .map((name) => textOf(env, name) ?? '0')
      .join('-'),
    node: '0',
  }),
  // The steps of a workflow share its workspace: no transfer is needed.
  ...noExtras,
};
