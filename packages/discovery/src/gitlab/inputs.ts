import type { Findings } from '../findings.ts';
import { replaceExpressions } from '../variables/replace-expressions.ts';
import type { WorkMeter } from '../work-meter.ts';
import { entriesOf, mapScalars, member, scalarAt } from '../yaml/tree.ts';
import type { Issue, YamlMapping, YamlNode, YamlScalar } from '../yaml/tree.ts';

/** Values of inputs by name. */
export type InputValues = ReadonlyMap<string, YamlNode>;

/**
 * The values of a file's inputs: those `given` by the file that includes it, else the defaults in its header.
 * @see GitLab CI/CD YAML syntax reference, `spec:inputs`
 */
export function inputValues(header: YamlMapping, given: InputValues, findings: Findings): InputValues {
  const values = new Map<string, YamlNode>();
  const declared = member(header, 'spec', 'inputs');
  for (const [name, { key, value }] of entriesOf(declared)) {
    const chosen = given.get(name) ?? defaultOf(value);
    if (chosen !== undefined) values.set(name, chosen);
    else {
      findings.addProblem({
        place: key,
        what: `input ${name}`,
        reason: 'it has neither a default nor a value',
        hint: 'Write a default, or read the file through the one that includes it.',
        severity: 'warning',
      });
    }
  }
  return values;
}

function defaultOf(declaration: YamlNode): YamlNode | undefined {
  return declaration.kind === 'mapping' ? declaration.entries.get('default')?.value : undefined;
}

const block = /\$\[\[([^[\]\n]*)\]\]/g;
const wholeBlock = /^\$\[\[([^[\]]*)\]\]$/;

/**
 * The tree with `$[[ inputs.x ]]` replaced, in keys too. A value that is only one block keeps the input's
 * type.
 * @throws DrayError `DISCOVERY_FAILED` naming the input that makes a text too long
 */
export function interpolateInputs(root: YamlMapping, values: InputValues, meter: WorkMeter): YamlMapping {
  const replaced = mapScalars(
    root,
    {
      scalar: (scalar) => interpolateScalar(scalar, values, meter),
      key: (key, place) => interpolateText(scalarAt(key, place), values, meter).text,
    },
    meter,
  );
  return replaced.kind === 'mapping' ? replaced : root;
}

function interpolateScalar(scalar: YamlScalar, values: InputValues, meter: WorkMeter): YamlNode {
  const whole = wholeBlock.exec(scalar.text)?.[1];
  const value = whole === undefined ? undefined : values.get(whole.trim().replace(/^inputs\./, ''));
  if (value !== undefined && value.kind !== 'scalar') return value;
  return interpolateText(scalar, values, meter);
}

function interpolateText(scalar: YamlScalar, values: InputValues, meter: WorkMeter): YamlScalar {
  if (!scalar.text.includes('$[[')) return scalar;
  const work = { meter, place: scalar.place };
  const { text, issues } = replaceExpressions(scalar.text, block, work, (_, expression) =>
    evaluate(expression, values),
  );
  return { ...scalar, text, issues: [...(scalar.issues ?? []), ...issues] };
}

/**
 * `inputs.name | function | function`.
 * @see GitLab CI/CD inputs, "Specify functions to manipulate input values"
 */
function evaluate(
  expression: string,
  values: InputValues,
): { readonly text: string; readonly issues: readonly Issue[] } {
  const [access = '', ...functions] = expression.split('|').map((part) => part.trim());
  const name = /^inputs\.(.+)$/.exec(access)?.[1];
  const value = name === undefined ? undefined : values.get(name);
  const issues: Issue[] = [];
  if (value === undefined) {
    issues.push({
      severity: 'error',
      reason: `$[[ ${expression.trim().slice(0, 200)} ]] has no value`,
      hint: 'Write a default for the input, or read the file through the one that includes it.',
    });
    return { text: '', issues };
  }
  const text = functions.reduce((changed, call) => apply(call, changed, issues), textOf(value));
  return { text, issues };
}

function apply(call: string, text: string, issues: Issue[]): string {
  // Variables are replaced later anyway, and an image name needs no quoting.
  if (call === 'expand_vars' || call === 'posix_escape') return text;
  const [, offset, length] = /^truncate\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(call) ?? [];
  if (offset !== undefined && length !== undefined) {
    return text.slice(Number(offset), Number(offset) + Number(length));
  }
  issues.push({ severity: 'error', reason: `the function "${call.slice(0, 100)}" of an input is unknown` });
  return text;
}

/** The text of a value inside a longer text: lists and mappings become JSON. */
function textOf(value: YamlNode): string {
  return value.kind === 'scalar' ? value.text : JSON.stringify(plain(value));
}

function plain(value: YamlNode): unknown {
  if (value.kind === 'scalar') return value.text;
  if (value.kind === 'sequence') return value.items.map(plain);
  return Object.fromEntries(entriesOf(value).map(([key, entry]) => [key, plain(entry.value)]));
}

/** The values of `include: inputs:`. */
export function givenInputs(entry: YamlNode): InputValues {
  return new Map(entriesOf(member(entry, 'inputs')).map(([name, { value }]) => [name, value]));
}
