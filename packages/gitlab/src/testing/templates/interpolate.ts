import { isArray, isRecord, parseHeader, splitTemplate } from './template-parts.ts';
import type { InputSpec } from './template-parts.ts';

/** The kinds of mistakes in the inputs of an include. */
export type InputMistake = 'unknown' | 'missing' | 'type' | 'option' | 'regex';

/** GitLab would not create the pipeline. */
export class InputError extends Error {
  readonly mistake: InputMistake;
  readonly input: string;
  constructor(mistake: InputMistake, input: string) {
    super(`input ${input}: ${mistake}`);
    this.name = 'InputError';
    this.mistake = mistake;
    this.input = input;
  }
}

/**
 * The jobs of a template as text, with inputs substituted as GitLab does: in the text, before it is parsed
 * as YAML; strings unchanged, everything else as JSON.
 * @throws InputError
 */
export function interpolate(template: string, given: Readonly<Record<string, unknown>>): string {
  const { header, body } = splitTemplate(template);
  const specs = parseHeader(header);
  for (const name of Object.keys(given)) if (!specs.has(name)) throw new InputError('unknown', name);
  const values = new Map([...specs].map(([name, spec]) => [name, valueOf(name, spec, given[name])]));
  return body.replace(/\$\[\[ *inputs\.(\w+) *\]\]/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new InputError('unknown', name);
    return typeof value === 'string' ? value : railsJson(value);
  });
}

function valueOf(name: string, spec: InputSpec, given: unknown): unknown {
  const value = given ?? spec.default;
  if (value === undefined) throw new InputError('missing', name);
  if (typeName(value) !== spec.type) throw new InputError('type', name);
  if (typeof value !== 'string') return value;
  if (spec.options?.includes(value) === false) throw new InputError('option', name);
  if (spec.regex !== undefined && !new RegExp(spec.regex).test(value)) throw new InputError('regex', name);
  return value;
}

function typeName(value: unknown): string {
  if (isArray(value)) return 'array';
  return isRecord(value) ? 'object' : typeof value;
}

/** JSON as GitLab writes it: what could end a script element of HTML is escaped. */
function railsJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
