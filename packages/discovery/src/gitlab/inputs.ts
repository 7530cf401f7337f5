import type { Findings } from '../findings.ts';
import { entriesOf, mapScalars, member, scalarAt } from '../yaml/tree.ts';
import type { Issue, YamlMapping, YamlNode, YamlScalar } from '../yaml/tree.ts';

/** Values of inputs by name. */
export type InputValues = ReadonlyMap<string, YamlNode>;

/**
 * The values that a file's header (`spec: inputs:`) gives to its inputs, with those `given` by whoever includes the file.
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
        reason: 'it has no default, and nobody gives it a value',
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

const block = /\$\[\[\s*(.*?)\s*\]\]/g;
const wholeBlock = /^\$\[\[\s*([^[\]]*?)\s*\]\]$/;

/** The tree with `$[[ inputs.x ]]` replaced, in keys too. A value that is nothing but one block keeps the input's type. */
export function interpolateInputs(root: YamlMapping, values: InputValues): YamlMapping {
  const replaced = mapScalars(
    root,
    (scalar) => interpolateScalar(scalar, values),
    (key, place) => interpolateScalar(scalarAt(key, place), values, true).text,
  );
  return replaced.kind === 'mapping' ? replaced : root;
}

function interpolateScalar(scalar: YamlScalar, values: InputValues, isKey: true): YamlScalar;
function interpolateScalar(scalar: YamlScalar, values: InputValues): YamlNode;
function interpolateScalar(scalar: YamlScalar, values: InputValues, isKey = false): YamlNode {
  if (!scalar.text.includes('$[[')) return scalar;
  const whole = isKey ? undefined : wholeBlock.exec(scalar.text)?.[1];
  const value = whole === undefined ? undefined : values.get(whole.replace(/^inputs\./, ''));
  if (value !== undefined && value.kind !== 'scalar') return value;
  const issues: Issue[] = [];
  const text = scalar.text.replace(block, (_, expression: string) => evaluate(expression, values, issues));
  return { ...scalar, text, issues: [...(scalar.issues ?? []), ...issues] };
}

/** `inputs.name | function | function`. @see GitLab CI/CD inputs, "Specify functions to manipulate input values" */
function evaluate(expression: string, values: InputValues, issues: Issue[]): string {
  const [access = '', ...functions] = expression.split('|').map((part) => part.trim());
  const name = /^inputs\.(.+)$/.exec(access)?.[1];
  const value = name === undefined ? undefined : values.get(name);
  if (value === undefined) {
    issues.push({
      severity: 'error',
      reason: `$[[ ${expression} ]] has no value`,
      hint: 'Write a default for the input, or read the file through the one that includes it.',
    });
    return '';
  }
  return functions.reduce((text, call) => apply(call, text, issues), textOf(value));
}

function apply(call: string, text: string, issues: Issue[]): string {
  // Variables are replaced later anyway, and an image name needs no quoting.
  if (call === 'expand_vars' || call === 'posix_escape') return text;
  const [, offset, length] = /^truncate\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(call) ?? [];
  if (offset !== undefined && length !== undefined) {
    return text.slice(Number(offset), Number(offset) + Number(length));
  }
  issues.push({ severity: 'error', reason: `the function "${call}" of an input is not known` });
  return text;
}

/** What is written into a longer text: anything but a scalar becomes JSON. */
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
