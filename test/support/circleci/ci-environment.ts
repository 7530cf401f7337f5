import { randomUUID } from 'node:crypto';
import type { WorkflowJob } from '@drayage/circleci/testing';

import type { Machine } from './machine.ts';
import type { WorkflowOptions } from './workflow-options.ts';

/** Whose variables they are. */
export interface EnvironmentPlace {
  readonly machine: Machine;
  readonly node: number;
  readonly workflowId: string;
}

let builds = 0;

/**
 * The variables of every step of a node: CircleCI's own, then the variables of the project, the contexts, the
 * executor and the job.
 */
export function environmentOf(
  { name, job, contexts }: WorkflowJob,
  { machine, node, workflowId }: EnvironmentPlace,
  options: WorkflowOptions,
): Record<string, string> {
  const id = workflowId;
  const trigger = options.trigger ?? { branch: 'main' };
  const ofContexts = contexts.flatMap((context) => Object.entries(options.contexts?.[context] ?? {}));
  const ofMachine: Record<string, string> =
    job.executor.kind === 'machine' ? { DOCKER_HOST: options.engineHost } : {};
  return {
    ...machine.env,
    ...ofMachine,
    CI: 'true',
    CIRCLECI: 'true',
    CIRCLE_JOB: name,
    CIRCLE_NODE_INDEX: String(node),
    CIRCLE_NODE_TOTAL: String(job.parallelism),
    CIRCLE_BUILD_NUM: String(++builds),
    CIRCLE_WORKFLOW_ID: id,
    CIRCLE_WORKFLOW_WORKSPACE_ID: id,
    CIRCLE_WORKFLOW_JOB_ID: randomUUID(),
    CIRCLE_PIPELINE_ID: id,
    CIRCLE_SHA1: 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3',
    CIRCLE_WORKING_DIRECTORY: job.executor.workingDirectory ?? '~/project',
    ...('branch' in trigger ? { CIRCLE_BRANCH: trigger.branch } : { CIRCLE_TAG: trigger.tag }),
    BASH_ENV: '/tmp/.bash_env',
    ...options.env,
    ...Object.fromEntries(ofContexts),
    ...job.executor.environment,
    ...job.environment,
  };
}
