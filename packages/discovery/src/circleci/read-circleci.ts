import type { DiscoveryContext } from '../context.ts';
import type { SourceFile } from '../source-files.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { entriesOf } from '../yaml/tree.ts';
import { reportGivenExecutors } from './executor-images.ts';
import { invocations, type Invocation } from './invocations.ts';
import { reportJob } from './job-images.ts';
import { parameterValues, pipelineValues, type ParameterValues } from './parameters.ts';
import { lookUp, scopeOf, type Scope } from './scope.ts';

/**
 * Reads a CircleCI configuration: the containers of docker executors, of every job that a workflow uses.
 * Images of `machine` are virtual machines and left out; conditions of workflows are not evaluated.
 * @see CircleCI configuration reference, version 2 and 2.1
 */
export async function readCircleci(source: SourceFile, context: DiscoveryContext): Promise<void> {
  const { findings, options } = context;
  const [config] = parseYaml(source, context);
  const place = { file: source.path, line: 1 };
  if (config?.kind !== 'mapping') {
    findings.addProblem({ place, what: 'configuration', reason: 'the file holds no mapping' });
    return;
  }
  const scope = scopeOf(config);
  const pipeline = pipelineValues(config, options.env, place);
  const used = new Set<string>();
  for (const invocation of invocations(config, pipeline, context)) {
    used.add(invocation.job);
    reportInvocation(invocation, { scope, pipeline }, context);
  }
  for (const [name, { key }] of entriesOf(scope.jobs)) {
    if (used.has(name)) continue;
    const reason = 'no workflow uses it, so its images were left out';
    findings.addProblem({ place: key, what: `job ${name}`, reason, severity: 'warning' });
  }
}

function reportInvocation(
  { job, place, args }: Invocation,
  { scope, pipeline }: { readonly scope: Scope; readonly pipeline: ParameterValues },
  context: DiscoveryContext,
): void {
  const { findings, meter } = context;
  const found = lookUp(job, 'jobs', scope);
  const who = { place, what: `job ${job}` };
  if (found === undefined)
    findings.addProblem({ ...who, reason: 'the configuration has no job of that name' });
  else if (found === 'foreign') {
    const reason = 'it comes from an orb whose content is unknown here';
    const hint = 'Name the images that it uses as well.';
    findings.addProblem({ ...who, reason, hint, severity: 'warning' });
    reportGivenExecutors({ name: job, place, args, scope }, pipeline, context);
  } else {
    const values = parameterValues(found.definition, args, pipeline, meter);
    reportJob({ name: job, place, ...found, values, args, callerScope: scope }, context);
  }
}
