import { entriesOf, mapScalars, member, scalarAt } from '../yaml/tree.ts';
import type { Issue, Place, YamlNode, YamlScalar } from '../yaml/tree.ts';

/** Values by the name inside `<< >>`: `parameters.tag`, `pipeline.git.branch`, `matrix.node`. */
export type ParameterValues = ReadonlyMap<string, YamlNode>;

const expression = /(?<!\\)<<\s*([A-Za-z_][\w.-]*)\s*>>/g;
const wholeExpression = /^\s*<<\s*([A-Za-z_][\w.-]*)\s*>>\s*$/;

/**
 * The node with every `<< name >>` replaced. A text that is nothing but one expression becomes the value itself, whatever its type, and
 * keeps its own place when that is text. A name without a value is an issue of the scalar. Names that do not begin with `onlyUnder` are
 * left for later.
 * @see CircleCI, "Reusable configuration reference", "Pipeline values and parameters"
 */
export function substitute(node: YamlNode, values: ParameterValues, onlyUnder = ''): YamlNode {
  return mapScalars(node, (scalar) => substituteScalar(scalar, values, onlyUnder));
}

function substituteScalar(scalar: YamlScalar, values: ParameterValues, onlyUnder: string): YamlNode {
  if (!scalar.text.includes('<<')) return scalar;
  const whole = wholeExpression.exec(scalar.text)?.[1];
  const value = whole === undefined ? undefined : values.get(whole);
  if (value !== undefined && value.kind !== 'scalar') return value;
  const issues: Issue[] = [...(scalar.issues ?? [])];
  const text = scalar.text.replace(expression, (written, name: string) => {
    if (!name.startsWith(onlyUnder)) return written;
    const found = values.get(name);
    if (found?.kind === 'scalar') {
      issues.push(...(found.issues ?? []));
      return found.text;
    }
    issues.push(missing(name));
    return '';
  });
  return { ...scalar, text, issues };
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

/** What `<< parameters.x >>` means inside a job or executor: its defaults, and the arguments that it is used with. */
export function parameterValues(
  definition: YamlNode | undefined,
  given: ReadonlyMap<string, YamlNode>,
  outer: ParameterValues,
): ParameterValues {
  const values = new Map(outer);
  for (const [name, { value }] of entriesOf(member(definition, 'parameters'))) {
    const chosen = given.get(name) ?? defaultOf(value);
    if (chosen !== undefined) values.set(`parameters.${name}`, substitute(chosen, outer));
  }
  return values;
}

function defaultOf(parameter: YamlNode): YamlNode | undefined {
  return parameter.kind === 'mapping' ? parameter.entries.get('default')?.value : undefined;
}

/**
 * What is known of the pipeline: the defaults of its parameters, and what CircleCI tells a job in its environment.
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
