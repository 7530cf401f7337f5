import { noExtras, textOf } from '../ci-system.ts';
import type { CiSystem } from '../ci-system.ts';

/**
 * Tekton sets no variables in steps: tasks pass `$(context.pipelineRun.uid)` and `$(context.taskRun.uid)`.
 * @see https://tekton.dev/docs/pipelines/variables/
 */
export const tekton: CiSystem = {
  id: 'tekton',
  name: 'Tekton',
  pipelineVariable: 'TEKTON_PIPELINE_RUN_UID',
  isHere: (env) => textOf(env, 'TEKTON_PIPELINE_RUN_UID') !== undefined,
  // Only triggers know branch and commit; the working directory has git.
  readRun: () => undefined,
  readJob: (env) => ({ id: textOf(env, 'TEKTON_TASK_RUN_UID') ?? '0', node: '0' }),
  // A workspace on a volume carries the bundle directory.
  ...noExtras,
};
