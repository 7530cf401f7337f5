import type { Trigger, WorkflowJob } from '@drayage/circleci/testing';

import type { CacheStore } from './cache.ts';
import type { Machine } from './machine.ts';
import type { JobRecord } from './records.ts';
import type { Workspace } from './workspace.ts';

/** What a workflow runs with. */
export interface WorkflowOptions {
  /** Makes what a node of a job runs on. */
  readonly machineFor: (job: WorkflowJob) => Promise<Machine>;
  /** `DOCKER_HOST` of jobs on a machine, and of those with remote docker. */
  readonly engineHost: string;
  /** Default: a push to main. */
  readonly trigger?: Trigger;
  /** Variables of the project. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables of each context. */
  readonly contexts?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What `checkout` brings: texts by their paths. */
  readonly source?: Readonly<Record<string, string>>;
  /** Caches that earlier workflows of the project have saved. */
  readonly caches?: CacheStore;
  /**
   * Whether a job that persists and then fails keeps its layer, which CircleCI does not document; default:
   * true.
   */
  readonly areFailedLayersKept?: boolean;
  /** Awaited when a job has ended, before any other begins because of it. */
  readonly afterJob?: (job: JobRecord, workspace: Workspace) => void | Promise<void>;
}
