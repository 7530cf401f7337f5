import type { JsonObject } from '@drayage/core';

import { bindArguments, bindExecutor } from './bind.ts';
import { readEnvironment } from './builtin-step.ts';
import { mapAt, onlyKeys, optionalTextAt, without, wrongType } from './config-tree.ts';
import { executorKeys, expandExecutor, readExecutor, type Executor } from './executor.ts';
import { expandSteps } from './expand-steps.ts';
import { interpolate } from './interpolate.ts';
import { find } from './namespace.ts';
import { readParameters } from './parameter.ts';
import type { Scope } from './scope.ts';
import type { Step } from './step.ts';

/** A fully resolved job. */
export interface Job {
  /** The job's shell, working directory and resource class override the executor's. */
  readonly executor: Executor;
  readonly environment: Readonly<Record<string, string>>;
  readonly parallelism: number;
  readonly steps: readonly Step[];
}

/** A call of a job in a workflow. */
export interface JobCall {
  readonly name: string;
  readonly args: JsonObject;
  /** As written in the workflow. */
  readonly preSteps: unknown;
  readonly postSteps: unknown;
}

const jobKeys = [
  ...executorKeys,
  ...['executor', 'parallelism', 'steps', 'description', 'parameters', 'retention', 'circleci_ip_ranges'],
];

/** The job that a workflow calls. @throws ExpansionError with the place of the mistake */
export function expandJob(call: JobCall, scope: Scope, place: string): Job {
  const { namespace, declaration, place: declared } = find('job', call.name, scope.namespace, place);
  onlyKeys(declaration, jobKeys, declared);
  const parameters = bindArguments(
    {
      parameters: readParameters(declaration, 'job', declared),
      args: call.args,
      ...{ caller: scope, namespace, place },
    },
    expandSteps,
  );
  const inside: Scope = { ...scope, namespace, parameters, matrix: new Map() };
  const at = `${place} > ${declared}`;
  const { steps, executor } = declaration;
  const rest = without(declaration, ['steps', 'executor', 'parameters']);
  const settings = mapAt(interpolate(rest, inside, at), at);
  return {
    executor: executorOf(executor, settings, inside, at),
    environment: readEnvironment(settings['environment'], `${at}.environment`),
    parallelism: parallelismAt(settings['parallelism'] ?? 1, `${at}.parallelism`),
    steps: [
      ...expandSteps(call.preSteps, scope, `${place}.pre-steps`),
      ...expandSteps(steps, inside, `${at}.steps`),
      ...expandSteps(call.postSteps, scope, `${place}.post-steps`),
    ],
  };
}

function executorOf(executor: unknown, settings: JsonObject, scope: Scope, place: string): Executor {
  if (executor === undefined)
    return { ...readExecutor(settings, place), environment: imageOnly(settings, place) };
  const bound = bindExecutor(executor, scope, `${place}.executor`);
  const found = expandExecutor(bound, scope, `${place}.executor`);
  return {
    ...found,
    resourceClass:
      optionalTextAt(settings['resource_class'], `${place}.resource_class`) ?? found.resourceClass,
    shell: optionalTextAt(settings['shell'], `${place}.shell`) ?? found.shell,
    workingDirectory:
      optionalTextAt(settings['working_directory'], `${place}.working_directory`) ?? found.workingDirectory,
  };
}

/** Variables of the job itself; the executor has the variables of the primary container. */
function imageOnly(settings: JsonObject, place: string): Readonly<Record<string, string>> {
  return readExecutor({ ...settings, environment: undefined }, place).environment;
}

function parallelismAt(value: unknown, place: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw wrongType(place, 'a positive integer', value);
}
