import { isObject, type JsonObject } from '@drayage/core';

import { mapAt, oneOf, textAt } from './config-tree.ts';
import { ExpansionError } from './expansion-error.ts';
import { interpolate } from './interpolate.ts';
import { find, type Namespace } from './namespace.ts';
import { checkPlain, type Parameter } from './parameter.ts';
import { BoundExecutor, BoundSteps, type Argument, type Scope } from './scope.ts';
import type { Step } from './step.ts';

/** Expands steps in the scope where they are written. */
export type ExpandSteps = (steps: unknown, scope: Scope, place: string) => readonly Step[];

/** A call of an element with parameters. */
export interface Call {
  readonly parameters: readonly Parameter[];
  /** As written. */
  readonly args: JsonObject;
  /** The scope of the arguments. */
  readonly caller: Scope;
  /** The scope of the defaults. */
  readonly namespace: Namespace;
  readonly place: string;
}

/**
 * The value of every parameter: the argument, else the default. Looks up steps and executors where they
 * were written.
 * @throws ExpansionError `UNKNOWN_ARGUMENT`, `MISSING_ARGUMENT`, `WRONG_TYPE`, `NOT_IN_ENUM`
 */
export function bindArguments(call: Call, expand: ExpandSteps): ReadonlyMap<string, Argument> {
  const { parameters, args, place } = call;
  const names = parameters.map(({ name }) => name);
  const unknown = Object.keys(args).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new ExpansionError('UNKNOWN_ARGUMENT', `${place}.${unknown}`, `no such parameter; ${oneOf(names)}`);
  return new Map(parameters.map((parameter) => [parameter.name, bindOne(parameter, call, expand)]));
}

/**
 * An executor by name, or by a map with its name and arguments, looked up from a scope.
 * @throws ExpansionError `UNDEFINED_EXECUTOR`
 */
export function bindExecutor(value: unknown, scope: Scope, place: string): BoundExecutor {
  const resolved = interpolate(value, scope, place);
  if (resolved instanceof BoundExecutor) return resolved;
  const { name, ...args } = typeof resolved === 'string' ? { name: resolved } : mapAt(resolved, place);
  if (name instanceof BoundExecutor) return new BoundExecutor(name.found, { ...name.args, ...args });
  return new BoundExecutor(find('executor', textAt(name, `${place}.name`), scope.namespace, place), args);
}

function bindOne(parameter: Parameter, call: Call, expand: ExpandSteps): Argument {
  const { args, caller, namespace } = call;
  const place = `${call.place}.${parameter.name}`;
  if (parameter.name in args) return toArgument(parameter, args[parameter.name], caller, place, expand);
  if (parameter.fallback === undefined)
    throw new ExpansionError('MISSING_ARGUMENT', call.place, `the parameter ${parameter.name} is not given`);
  const scope = { ...caller, namespace, parameters: new Map(), matrix: new Map() };
  return toArgument(parameter, parameter.fallback, scope, place, expand);
}

function toArgument(
  parameter: Parameter,
  written: unknown,
  scope: Scope,
  place: string,
  expand: ExpandSteps,
): Argument {
  const passedOn = typeof written === 'string' ? interpolate(written, scope, place) : written;
  if (parameter.type === 'steps') {
    if (passedOn instanceof BoundSteps) return passedOn;
    checkPlain(parameter, passedOn, place);
    return new BoundSteps(expand(passedOn, scope, place));
  }
  if (parameter.type === 'executor') {
    if (typeof passedOn !== 'string' && !isObject(passedOn)) checkPlain(parameter, passedOn, place);
    return bindExecutor(passedOn, scope, place);
  }
  checkPlain(parameter, passedOn, place);
  if (typeof passedOn === 'string' || typeof passedOn === 'number' || typeof passedOn === 'boolean')
    return passedOn;
  throw new ExpansionError('WRONG_TYPE', place, 'it must be a plain value');
}
