import type { JobStatus, Step } from '@drayage/circleci/testing';

/** How a step stands or has ended. */
export type StepStatus = 'running' | 'success' | 'failed' | 'skipped' | 'canceled';

/** A step of one node. */
export interface StepRecord {
  readonly name: string;
  readonly kind: Step['kind'];
  status: StepStatus;
  /** What it has printed so far, stdout and stderr. */
  output: string;
}

/** One node of a job. */
export interface NodeRecord {
  readonly index: number;
  readonly steps: StepRecord[];
  /** Text of each artifact by its path. */
  readonly artifacts: Map<string, string>;
}

/** How a job stands or has ended. */
export interface JobRecord {
  readonly name: string;
  status: 'blocked' | 'running' | JobStatus;
  readonly nodes: NodeRecord[];
}

/** A step of a job by a part of its name; default: of the first node. Throws if it has not begun. */
export function stepOf(job: JobRecord, name: string, node = 0): StepRecord {
  const step = job.nodes[node]?.steps.find((one) => one.name.includes(name));
  if (step === undefined) throw new Error(`cannot find a step ${name}:\n${describeJob(job)}`);
  return step;
}

/** Everything about a job, for messages. */
export function describeJob({ name, status, nodes }: JobRecord): string {
  const steps = nodes.flatMap(({ index, steps }) =>
    steps.map((step) => `--- ${String(index)} ${step.kind} "${step.name}": ${step.status}\n${step.output}`),
  );
  return [`=== ${name}: ${status}`, ...steps].join('\n');
}
