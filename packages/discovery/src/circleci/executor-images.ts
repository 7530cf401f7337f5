import type { DiscoveryContext } from '../context.ts';
import { entriesOf, member, scalarIn, type Place, type YamlNode } from '../yaml/tree.ts';
import { reportContainers } from './container-images.ts';
import { parameterValues, substitute, type ParameterValues } from './parameters.ts';
import { lookUp, type Found, type Scope } from './scope.ts';

/** The use of an executor by a job. */
export interface ExecutorUse {
  readonly job: string;
  /** Its name, or a mapping with its name and arguments; parameters of the job are replaced. */
  readonly wanted: YamlNode;
  readonly values: ParameterValues;
  /** Where it is looked up, in this order. */
  readonly scopes: readonly Scope[];
}

/** Adds the images of an executor. */
export function reportExecutor(use: ExecutorUse, context: DiscoveryContext): void {
  const { wanted } = use;
  const { findings } = context;
  const nameNode = wanted.kind === 'scalar' ? wanted : scalarIn(wanted, 'name');
  const who = { place: wanted.place, what: `job ${use.job}, executor ${nameNode?.text ?? ''}`.trimEnd() };
  const issue = nameNode?.issues?.[0];
  if (nameNode === undefined || issue !== undefined) {
    findings.addProblem({ ...who, reason: 'the executor has no name', ...issue });
    return;
  }
  const found = findExecutor(nameNode.text, use.scopes);
  if (found === undefined) {
    findings.addProblem({ ...who, reason: 'the configuration has no executor of that name' });
  } else if (found === 'foreign') {
    const reason = 'it comes from an orb whose content is unknown here';
    const hint = 'Name the image of the executor as well.';
    findings.addProblem({ ...who, reason, hint, severity: 'warning' });
  } else reportDefinition(found, use, { ...who, context });
}

function findExecutor(name: string, scopes: readonly Scope[]): Found | 'foreign' | undefined {
  const found = scopes.map((scope) => lookUp(name, 'executors', scope));
  return found.find((one) => typeof one === 'object') ?? found.find((one) => one === 'foreign');
}

function reportDefinition(
  { definition }: Found,
  { wanted, values }: ExecutorUse,
  { what, context }: { readonly what: string; readonly context: DiscoveryContext },
): void {
  const args = new Map(entriesOf(wanted).map(([name, { value }]) => [name, value]));
  const own = parameterValues(definition, args, pipelineOnly(values), context.meter);
  const docker = member(definition, 'docker');
  if (docker !== undefined) reportContainers(substitute(docker, own, context.meter), what, context);
}

/** A job's parameters are invisible inside an executor. */
function pipelineOnly(values: ParameterValues): ParameterValues {
  return new Map([...values].filter(([name]) => name.startsWith('pipeline.')));
}

/** A use of a job that is unknown here. */
export interface ForeignUse {
  readonly name: string;
  readonly place: Place;
  readonly args: ReadonlyMap<string, YamlNode>;
  readonly scope: Scope;
}

/** Adds the images of executors of this configuration that are passed to a job of a registry orb. */
export function reportGivenExecutors(
  { name, args, scope }: ForeignUse,
  pipeline: ParameterValues,
  context: DiscoveryContext,
): void {
  for (const [parameter, wanted] of args) {
    if (!/(^|[_-])exec(utor)?$/.test(parameter)) continue;
    const text = wanted.kind === 'scalar' ? wanted.text : scalarIn(wanted, 'name')?.text;
    if (text === undefined || typeof lookUp(text, 'executors', scope) !== 'object') continue;
    reportExecutor({ job: name, wanted, values: pipeline, scopes: [scope] }, context);
  }
}
