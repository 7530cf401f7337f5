import type { DiscoveryContext } from '../context.ts';
import { member, textIn, type Place, type YamlNode } from '../yaml/tree.ts';
import { reportContainers } from './container-images.ts';
import { reportExecutor } from './executor-images.ts';
import { substitute, wholeName, type ParameterValues } from './parameters.ts';
import type { Found, Scope } from './scope.ts';

/** A job with the values of its parameters. */
export interface JobUse extends Found {
  readonly name: string;
  readonly place: Place;
  readonly values: ParameterValues;
  /** The arguments of the workflow, and the scope of the names in them. */
  readonly args: ReadonlyMap<string, YamlNode>;
  readonly callerScope: Scope;
}

const otherExecutors = ['machine', 'macos'];

/** Adds the images of the containers in which a job runs. */
export function reportJob(use: JobUse, context: DiscoveryContext): void {
  const { name, definition, place, values } = use;
  const docker = member(definition, 'docker');
  const executor = member(definition, 'executor');
  if (docker !== undefined) {
    reportContainers(substitute(docker, values, context.meter), `job ${name}, docker`, context);
  } else if (executor !== undefined) {
    const wanted = substitute(executor, values, context.meter);
    reportExecutor({ job: name, wanted, values, scopes: executorScopes(executor, use) }, context);
  } else if (
    textIn(definition, 'type') === undefined &&
    otherExecutors.every((key) => member(definition, key) === undefined)
  ) {
    context.findings.addProblem({ place, what: `job ${name}`, reason: 'it has no executor' });
  }
}

/**
 * Where an executor is looked up: the scope of the job, and that of the caller when the caller passes its
 * name. The value of a parameter of type `executor` belongs to the caller first.
 */
function executorScopes(executor: YamlNode, use: JobUse): readonly Scope[] {
  const written = executor.kind === 'scalar' ? executor.text : (textIn(executor, 'name') ?? '');
  const parameter = /^parameters\.(.+)$/.exec(wholeName(written) ?? '')?.[1];
  if (parameter === undefined || !use.args.has(parameter)) return [use.scope];
  const type = textIn(use.definition, 'parameters', parameter, 'type');
  return type === 'executor' ? [use.callerScope, use.scope] : [use.scope, use.callerScope];
}
