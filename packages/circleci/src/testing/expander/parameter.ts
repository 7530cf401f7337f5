import { isObject, type JsonObject } from '@drayage/core';

import { isList, listAt, mapAt, onlyKeys, oneOf, textAt } from './config-tree.ts';
import { ExpansionError } from './expansion-error.ts';

/** The types of parameters. */
export const parameterTypes = [
  'string',
  'boolean',
  'integer',
  'enum',
  'executor',
  'steps',
  'env_var_name',
] as const;

export type ParameterType = (typeof parameterTypes)[number];

/** A declared parameter. */
export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  /** Every value of an `enum`. */
  readonly values: readonly unknown[];
  /** As written; undefined: the argument is required. */
  readonly fallback: unknown;
}

/** The kind of element: each allows different types. */
export type ParameterOwner = 'command' | 'job' | 'executor' | 'pipeline';

/**
 * The parameters that an element declares.
 * @throws ExpansionError `INVALID` for a bad name or type, `WRONG_TYPE` or `NOT_IN_ENUM` for a bad default
 * @see https://circleci.com/docs/reusing-config/#parameter-types
 */
export function readParameters(
  declaration: JsonObject,
  owner: ParameterOwner,
  place: string,
): readonly Parameter[] {
  const declared = mapAt(declaration['parameters'], `${place}.parameters`);
  return Object.entries(declared).map(([name, value]) =>
    readParameter(name, value, owner, `${place}.parameters.${name}`),
  );
}

/**
 * Checks a value against a parameter's type, for types with plain values.
 * @throws ExpansionError `WRONG_TYPE`, `NOT_IN_ENUM`
 */
export function checkPlain({ type, values }: Parameter, value: unknown, place: string): void {
  if (type === 'enum' && !values.includes(value))
    throw new ExpansionError(
      'NOT_IN_ENUM',
      place,
      `${JSON.stringify(value)} is not allowed; ${oneOf(values.map(String))}`,
    );
  if (fits(type, value)) return;
  throw new ExpansionError('WRONG_TYPE', place, `it must be of type ${type}, not ${JSON.stringify(value)}`);
}

const NAME = /^[a-z][a-z0-9_-]*$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const reserved = ['name', 'requires', 'context', 'type', 'filters', 'matrix'];
const typesOfExecutors: readonly string[] = ['string', 'boolean', 'integer', 'enum'];

function readParameter(name: string, value: unknown, owner: ParameterOwner, place: string): Parameter {
  const map = mapAt(value, place);
  onlyKeys(map, ['type', 'default', 'description', 'enum'], place);
  const written = textAt(map['type'], `${place}.type`);
  const type = parameterTypes.find((known) => known === written);
  if (type === undefined || (isPlainOwner(owner) && !typesOfExecutors.includes(type)))
    throw new ExpansionError('INVALID', `${place}.type`, `an ${owner} cannot have a parameter of ${written}`);
  if (!NAME.test(name) || (owner === 'job' && reserved.includes(name)))
    throw new ExpansionError('INVALID', place, `no parameter of a ${owner} can be called ${name}`);
  const values = type === 'enum' ? listAt(map['enum'], `${place}.enum`) : [];
  const parameter = { name, type, values, fallback: map['default'] };
  const { fallback } = parameter;
  if (fallback !== undefined && !isReference(fallback)) checkPlain(parameter, fallback, `${place}.default`);
  return parameter;
}

function isPlainOwner(owner: ParameterOwner): boolean {
  return owner === 'executor' || owner === 'pipeline';
}

/** A default can refer to a value of the pipeline. */
function isReference(value: unknown): boolean {
  return typeof value === 'string' && value.includes('<<');
}

function fits(type: ParameterType, value: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value);
    case 'enum':
      return true;
    case 'executor':
      return typeof value === 'string' || isObject(value);
    case 'steps':
      return isList(value);
    case 'env_var_name':
      return typeof value === 'string' && VARIABLE.test(value);
  }
}
