import type { DiscoveryContext } from '../context.ts';
import { expand, type Dialect } from '../variables/expand.ts';
import { recordLookup } from '../variables/record-lookup.ts';
import { entriesOf, listOf, member, scalarIn, textIn, type Place, type YamlNode } from '../yaml/tree.ts';
import { parameterValues, substitute, type ParameterValues } from './parameters.ts';
import { lookUp, type Found } from './scope.ts';

/** A job with the values of its parameters. */
export interface JobUse extends Found {
  readonly name: string;
  readonly place: Place;
  readonly values: ParameterValues;
}

const otherExecutors = ['machine', 'macos'];

/** Variables of the environment, which CircleCI replaces in image names when it starts the job. */
const dialect: Dialect = {
  dollarEscapes: false,
  unquotes: false,
  operators: [],
  isStrict: false,
  hint: (name) => `Set ${name} in the environment, as the project settings or a context do for jobs.`,
};

/** Adds the images of the containers in which a job runs. */
export function reportJob(use: JobUse, context: DiscoveryContext): void {
  const { name, definition, place, values } = use;
  const docker = member(definition, 'docker');
  const executor = member(definition, 'executor');
  if (docker !== undefined) reportContainers(substitute(docker, values), `job ${name}, docker`, context);
  else if (executor !== undefined) reportExecutor(use, substitute(executor, values), context);
  else if (
    textIn(definition, 'type') === undefined &&
    otherExecutors.every((key) => member(definition, key) === undefined)
  ) {
    context.findings.addProblem({ place, what: `job ${name}`, reason: 'it has no executor' });
  }
}

function reportExecutor(use: JobUse, wanted: YamlNode, { findings, ...rest }: DiscoveryContext): void {
  const nameNode = wanted.kind === 'scalar' ? wanted : scalarIn(wanted, 'name');
  const who = { place: wanted.place, what: `job ${use.name}, executor ${nameNode?.text ?? ''}`.trimEnd() };
  const issue = nameNode?.issues?.[0];
  if (nameNode === undefined || issue !== undefined) {
    findings.addProblem({ ...who, reason: 'the executor has no name', ...issue });
    return;
  }
  const found = lookUp(nameNode.text, 'executors', use.scope);
  if (found === undefined) findings.addProblem({ ...who, reason: 'there is no executor of that name' });
  else if (found === 'foreign') {
    const reason = 'it comes from an orb, whose images are not known here';
    const hint = 'Name the image that it stands for as well.';
    findings.addProblem({ ...who, reason, hint, severity: 'warning' });
  } else {
    const args = new Map(entriesOf(wanted).map(([name, { value }]) => [name, value]));
    const values = parameterValues(found.definition, args, pipelineOnly(use.values));
    const docker = member(found.definition, 'docker');
    if (docker !== undefined) reportContainers(substitute(docker, values), who.what, { findings, ...rest });
  }
}

/** A job's parameters are not seen inside an executor. */
function pipelineOnly(values: ParameterValues): ParameterValues {
  return new Map([...values].filter(([name]) => name.startsWith('pipeline.')));
}

function reportContainers(docker: YamlNode, what: string, { findings, options }: DiscoveryContext): void {
  for (const container of listOf(docker)) {
    const image = scalarIn(container, 'image');
    if (image === undefined) {
      findings.addProblem({ place: container.place, what, reason: 'the container names no image' });
      continue;
    }
    const { text, issues } = expand(image.text, dialect, recordLookup(options.env));
    findings.addImage({ text, place: image.place, what, issues: [...(image.issues ?? []), ...issues] });
  }
}
