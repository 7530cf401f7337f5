import { replaceExpressions } from '../variables/replace-expressions.ts';
import type { WorkMeter } from '../work-meter.ts';
import { entriesOf, mapScalars, member, scalarAt } from '../yaml/tree.ts';
import type { Issue, Place, YamlNode, YamlScalar } from '../yaml/tree.ts';

/** Values by the name inside `<< >>`: `parameters.tag`, `pipeline.git.branch`, `matrix.node`. */
export type ParameterValues = ReadonlyMap<string, YamlNode>;

const expression = /(?<!\\)<<\s*([A-Za-z_][\w.-]*)\s*>>/g;
const wholeExpression = /^\s*<<\s*([A-Za-z_][\w.-]*)\s*>>\s*$/;

/**
 * The node with every `<< name >>` replaced. A text that is only one expression becomes the value itself,
 * whatever its type; a text value keeps the place of the expression. A name without a value is an issue of
 * the scalar. Names that do not begin with `onlyUnder` stay as they are.
 * @throws DrayError `DISCOVERY_FAILED` naming the parameter that makes a text too long
 * @see CircleCI, "Reusable configuration reference", "Pipeline values and parameters"
 */
export function substitute(
  node: YamlNode,
  values: ParameterValues,
  meter: WorkMeter,
  onlyUnder = '',
): YamlNode {
  const scalar = (found: YamlScalar): YamlNode => substituteScalar(found, { values, meter, onlyUnder });
  return mapScalars(node, { scalar }, meter);
}

/** The name in a text that is only one expression. */
export function wholeName(text: string): string | undefined {
  return wholeExpression.exec(text)?.[1];
}

interface Substitution {
  readonly values: ParameterValues;
  readonly meter: WorkMeter;
  readonly onlyUnder: string;
}

function substituteScalar(scalar: YamlScalar, { values, meter, onlyUnder }: Substitution): YamlNode {
  if (!scalar.text.includes('<<')) return scalar;
  const whole = wholeName(scalar.text);
  const value = whole === undefined ? undefined : values.get(whole);
  if (value !== undefined && value.kind !== 'scalar') return value;
  const issues = [...(scalar.issues ?? [])];
  const text = replaceExpressions(
    scalar.text,
    expression,
    { meter, place: scalar.place },
    (written, name) => {
      if (!name.startsWith(onlyUnder)) return { text: written };
      const found = values.get(name);
      return found?.kind === 'scalar' ? found : { text: '', issues: [missing(name)] };
    },
  );
  return { ...scalar, text: text.text, issues: [...issues, ...text.issues] };
}

function missing(name: string): Issue {
  const reason = `<< ${name} >> has no value here`;
  return { severity: 'error', reason, hint: hintFor(name) };
}

function hintFor(name: string): string | undefined {
  if (name.startsWith('pipeline.parameters.')) return 'Give the parameter a default.';
  if (!name.startsWith('pipeline.')) return 'Give the parameter a default, or a value where it is used.';
  const variable = environmentValues.find(([known]) => known === name)?.[1];
  return variable === undefined ? undefined : `Set ${variable} in the environment.`;
}

/**
 * The values of `<< parameters.x >>` inside a job or executor: the defaults of its parameters, and given
 * arguments.
 */
export function parameterValues(
  definition: YamlNode | undefined,
  given: ReadonlyMap<string, YamlNode>,
  outer: ParameterValues,
  meter: WorkMeter,
): ParameterValues {
  const values = new Map(outer);
  for (const [name, { value }] of entriesOf(member(definition, 'parameters'))) {
    const chosen = given.get(name) ?? defaultOf(value);
    if (chosen !== undefined) values.set(`parameters.${name}`, substitute(chosen, outer, meter));
  }
  return values;
}

function defaultOf(parameter: YamlNode): YamlNode | undefined {
  return parameter.kind === 'mapping' ? parameter.entries.get('default')?.value : undefined;
}

/**
 * The values of the pipeline: the defaults of its parameters, and those in the environment of CircleCI's
 * jobs.
 * @see CircleCI, "Project values and variables"
 */
export function pipelineValues(
  config: YamlNode,
  env: Readonly<Record<string, string | undefined>>,
  place: Place,
): ParameterValues {
  const values = new Map<string, YamlNode>();
  for (const [name, variable] of environmentValues) {
    const text = env[variable];
    if (text !== undefined) values.set(name, scalarAt(text, place));
  }
  for (const [name, { value }] of entriesOf(member(config, 'parameters'))) {
    const fallback = defaultOf(value);
    if (fallback !== undefined) values.set(`pipeline.parameters.${name}`, fallback);
  }
  return values;
}

const environmentValues = [
  ['pipeline.git.branch', 'CIRCLE_BRANCH'],
  ['pipeline.git.tag', 'CIRCLE_TAG'],
  ['pipeline.git.revision', 'CIRCLE_SHA1'],
  ['pipeline.id', 'CIRCLE_PIPELINE_ID'],
  ['pipeline.project.git_url', 'CIRCLE_REPOSITORY_URL'],
] as const;
