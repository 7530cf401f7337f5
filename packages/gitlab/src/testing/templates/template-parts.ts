import { parse } from 'yaml';

/** The definition of an input in a template. */
export interface InputSpec {
  readonly type: string;
  readonly default: unknown;
  readonly description: string;
  readonly options?: readonly string[];
  readonly regex?: string;
}

/** The two documents of a template. */
export function splitTemplate(text: string): { readonly header: string; readonly body: string } {
  const [header = '', body = ''] = text.split('\n---\n');
  return { header, body };
}

/** The inputs of a header, by name. */
export function parseHeader(header: string): ReadonlyMap<string, InputSpec> {
  const root: unknown = parse(header);
  const spec = isRecord(root) ? root['spec'] : undefined;
  const inputs = isRecord(spec) ? spec['inputs'] : undefined;
  if (!isRecord(inputs)) throw new Error('there are no inputs');
  return new Map(Object.entries(inputs).map(([name, input]) => [name, inputSpec(name, input)]));
}

function inputSpec(name: string, input: unknown): InputSpec {
  if (!isRecord(input)) throw new Error(`input ${name} is nothing`);
  const { type = 'string', description, options, regex } = input;
  return {
    type: String(type),
    description: String(description),
    default: input['default'],
    ...(isArray(options) ? { options: options.map(String) } : {}),
    ...(typeof regex === 'string' ? { regex } : {}),
  };
}

/** True for a mapping. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a sequence. */
export function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
