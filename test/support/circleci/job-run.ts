import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WorkflowJob } from '@drayage/circleci/testing';

import type { CacheStore } from './cache.ts';
import { environmentOf } from './ci-environment.ts';
import type { Machine } from './machine.ts';
import type { NodeContext } from './node-context.ts';
import { runNode, type Cancellation } from './node-run.ts';
import type { JobRecord } from './records.ts';
import { absolute } from './step-actions.ts';
import type { WorkflowOptions } from './workflow-options.ts';
import type { Workspace } from './workspace.ts';

/** A job as the scheduler knows it. */
export interface Scheduled {
  readonly planned: WorkflowJob;
  readonly record: JobRecord;
  readonly cancellation: Cancellation;
  readonly machines: Set<Machine>;
}

/** A workflow as its jobs know it. */
export interface Run {
  readonly id: string;
  readonly options: WorkflowOptions;
  readonly jobs: readonly Scheduled[];
  readonly workspace: Workspace;
  readonly caches: CacheStore;
}

/** Runs the nodes of a job in parallel; the record of the job has its state and its outcome. */
export async function runJob(job: Scheduled, run: Run): Promise<void> {
  const { record, planned, cancellation, machines } = job;
  const ends = await Promise.all(
    Array.from({ length: planned.job.parallelism }, async (_, index) => {
      const machine = await run.options.machineFor(planned);
      machines.add(machine);
      const node = { index, steps: [], artifacts: new Map<string, string>() };
      record.nodes.push(node);
      try {
        return await runNode(planned.job.steps, contextOf(job, machine, node, run), node, cancellation);
      } finally {
        machines.delete(machine);
        await machine.destroy();
      }
    }),
  );
  const worst = ['canceled', 'failed'] as const;
  record.status = worst.find((status) => ends.includes(status)) ?? 'success';
}

function contextOf(
  { planned }: Scheduled,
  machine: Machine,
  node: { readonly index: number; readonly artifacts: Map<string, string> },
  run: Run,
): NodeContext {
  const { executor } = planned.job;
  const workingDirectory = absolute(executor.workingDirectory ?? '~/project', {
    machine,
    workingDirectory: '/',
  });
  const isUpstream = (job: string, of: string): boolean => ancestors(of, run.jobs).includes(job);
  return {
    ...{ machine, workingDirectory, isUpstream, artifacts: node.artifacts },
    ...{ executor: executor.kind, job: planned.name, node: node.index },
    ...{ workspace: run.workspace, caches: run.caches, engineHost: run.options.engineHost },
    env: environmentOf(planned, { machine, node: node.index, workflowId: run.id }, run.options),
    shell: executor.shell ?? '/bin/bash -eo pipefail',
    source: writeSource(machine, run.options.source ?? {}),
    upstreamLayers: () => {
      const upstream = ancestors(planned.name, run.jobs);
      return run.workspace
        .filter(({ job }) => upstream.includes(job) && isLayerKept(job, run))
        .sort((one, other) => upstream.indexOf(one.job) - upstream.indexOf(other.job));
    },
  };
}

function isLayerKept(name: string, { jobs, options }: Run): boolean {
  const status = jobs.find(({ record }) => record.name === name)?.record.status;
  return status === 'success' || (options.areFailedLayersKept ?? true);
}

/** The jobs that a job requires, and those that they require: the farthest first. */
function ancestors(name: string, jobs: readonly Scheduled[]): readonly string[] {
  const requires = jobs.find(({ record }) => record.name === name)?.planned.requires ?? [];
  const all = requires.flatMap(({ job }) => [...ancestors(job, jobs), job]);
  return [...new Set(all)];
}

function writeSource({ exchange }: Machine, source: Readonly<Record<string, string>>): string {
  const folder = join(exchange, 'source');
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries(source)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
