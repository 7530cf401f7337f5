import { randomUUID } from 'node:crypto';
import type { Workflow } from '@drayage/circleci/testing';

import { waitUntil } from '../wait.ts';
import { runJob, type Run, type Scheduled } from './job-run.ts';
import type { Machine } from './machine.ts';
import { describeJob, type JobRecord, type StepStatus } from './records.ts';
import type { WorkflowOptions } from './workflow-options.ts';

/** A workflow that runs. */
export interface WorkflowRun {
  /** How a job stands now. Throws when the workflow has no job of that name. */
  job(name: string): JobRecord;
  /** Resolves when a step has got that far; throws when its job ends before. */
  reaches(job: string, step: string, status?: StepStatus): Promise<void>;
  /** Ends a job as a click on `Cancel` does. */
  cancel(job: string): Promise<void>;
  /** Resolves when all jobs have ended. */
  readonly finished: Promise<WorkflowEnd>;
}

/** What came of a workflow. */
export interface WorkflowEnd {
  readonly status: 'success' | 'failed' | 'canceled';
  /** The names of the jobs in the order in which they ended. */
  readonly order: readonly string[];
}

/** Starts the jobs of a workflow as its graph allows, several at a time. */
export function startWorkflow(workflow: Workflow, options: WorkflowOptions): WorkflowRun {
  const run = createRun(workflow, options);
  const find = (name: string): Scheduled => {
    const found = run.jobs.find(({ record }) => record.name === name);
    if (found !== undefined) return found;
    throw new Error(`cannot find a job ${name} in workflow ${workflow.name}`);
  };
  return {
    job: (name) => find(name).record,
    finished: schedule(run),
    async reaches(name, step, status = 'running') {
      const { record } = find(name);
      const isThere = (): boolean =>
        record.nodes.some(({ steps }) =>
          steps.some((one) => one.name.includes(step) && one.status === status),
        );
      const hasEnded = (): boolean => record.status !== 'running' && record.status !== 'blocked';
      await waitUntil(() => isThere() || hasEnded(), `${name} reaches ${step}`);
      if (!isThere()) throw new Error(`cannot wait for ${step}:\n${describeJob(record)}`);
    },
    async cancel(name) {
      const { cancellation, machines } = find(name);
      cancellation.isCanceled = true;
      for (const machine of machines) await machine.destroy();
    },
  };
}

function createRun({ jobs, isTriggered }: Workflow, options: WorkflowOptions): Run {
  const trigger = options.trigger ?? { branch: 'main' };
  const wanted = jobs.filter(({ runsFor }) => isTriggered && runsFor(trigger));
  const present = new Set(wanted.map(({ name }) => name));
  // Jobs do not wait for a filtered-out job, but a job that requires only such jobs does not run either.
  const kept = wanted.filter(
    ({ requires }) => requires.length === 0 || requires.some(({ job }) => present.has(job)),
  );
  return {
    id: randomUUID(),
    options,
    jobs: kept.map((planned) => ({
      planned: { ...planned, requires: planned.requires.filter(({ job }) => present.has(job)) },
      record: { name: planned.name, status: 'blocked', nodes: [] },
      cancellation: { isCanceled: false },
      machines: new Set<Machine>(),
    })),
    workspace: [],
    caches: options.caches ?? new Map<string, Buffer>(),
  };
}

async function schedule(run: Run): Promise<WorkflowEnd> {
  const order: string[] = [];
  const running = new Map<string, Promise<void>>();
  const finish = async ({ record }: Scheduled): Promise<void> => {
    order.push(record.name);
    await run.options.afterJob?.(record, run.workspace);
  };
  for (;;) {
    for (const job of run.jobs.filter(({ record }) => record.status === 'blocked')) {
      const verdict = verdictOn(job, run.jobs, running);
      if (verdict === 'wait') continue;
      if (verdict === 'never') job.record.status = 'not_run';
      else job.record.status = 'running';
      const ended = verdict === 'never' ? Promise.resolve() : runJob(job, run);
      running.set(
        job.record.name,
        ended.then(() => finish(job)).then(() => void running.delete(job.record.name)),
      );
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  return { status: statusOf(run.jobs), order };
}

/** Whether a job may begin, could never begin, or must wait for those that it requires. */
function verdictOn(
  { planned, cancellation }: Scheduled,
  jobs: readonly Scheduled[],
  running: ReadonlyMap<string, unknown>,
): 'run' | 'never' | 'wait' {
  if (cancellation.isCanceled) return 'never';
  const states = planned.requires.map(({ job, statuses }) => {
    const status = jobs.find(({ record }) => record.name === job)?.record.status;
    if (status === undefined || status === 'blocked' || status === 'running' || running.has(job))
      return 'wait';
    return statuses.includes(status) ? 'run' : 'never';
  });
  if (states.includes('never')) return 'never';
  return states.includes('wait') ? 'wait' : 'run';
}

function statusOf(jobs: readonly Scheduled[]): WorkflowEnd['status'] {
  const statuses = jobs.map(({ record }) => record.status);
  if (statuses.includes('failed')) return 'failed';
  return statuses.includes('canceled') ? 'canceled' : 'success';
}
