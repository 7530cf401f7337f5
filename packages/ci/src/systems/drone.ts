import { ciRun, noExtras, textOf } from '../ci-system.ts';
import type { CiRun, CiSystem } from '../ci-system.ts';

/** @see https://docs.drone.io/pipeline/environment/reference/ */
export const drone: CiSystem = {
  id: 'drone',
  name: 'Drone',
  pipelineVariable: 'DRONE_BUILD_NUMBER',
  isHere: (env) => env['DRONE'] === 'true',
  readRun: (env): CiRun =>
    ciRun({
      // DRONE_BRANCH of a pull request is its target branch.
      branch: textOf(env, 'DRONE_SOURCE_BRANCH') ?? textOf(env, 'DRONE_BRANCH'),
      tag: textOf(env, 'DRONE_TAG'),
      event: textOf(env, 'DRONE_BUILD_EVENT'),
      commit: textOf(env, 'DRONE_COMMIT_SHA'),
    }),
  readJob: (env) => ({
    id: ['DRONE_BUILD_NUMBER', 'DRONE_STAGE_NUMBER', 'DRONE_STEP_NUMBER']
      .map((name) => textOf(env, name) ?? '0')
      .join('-'),
    node: '0',
  }),
  // The steps of a pipeline share its workspace: no transfer is needed.
  ...noExtras,
};
