import { isObject } from '@drayage/core';

import { isList } from './config-tree.ts';
import { ExpansionError } from './expansion-error.ts';
import { BoundExecutor, BoundSteps, type Argument, type Scope } from './scope.ts';

/**
 * Replaces every `<< … >>` in a tree by its value. A text that consists of only one becomes the value
 * itself, with its own type; `\<<` stands for `<<`.
 * @throws ExpansionError `UNDEFINED_PARAMETER`, `INCLUDE_LEFT`, `WRONG_TYPE` for steps or an executor within
 * a text
 */
export function interpolate(value: unknown, scope: Scope, place: string): unknown {
  if (typeof value === 'string') return interpolateText(value, scope, place);
  if (isList(value)) return value.map((item, index) => interpolate(item, scope, `${place}[${index}]`));
  if (!isObject(value) || value instanceof BoundSteps || value instanceof BoundExecutor) return value;
  const members = Object.entries(value).map(
    ([key, member]) => [key, interpolate(member, scope, `${place}.${key}`)] as const,
  );
  return Object.fromEntries(members);
}

const WHOLE = /^\s*<<([^<>]*)>>\s*$/;
const PARTS = /\\<<|<<([^<>]*)>>|<</g;

function interpolateText(text: string, scope: Scope, place: string): unknown {
  const only = WHOLE.exec(text)?.[1];
  if (only !== undefined) return lookUp(only.trim(), scope, place);
  return text.replace(PARTS, (part: string, name: string | undefined) => {
    if (part === '\\<<') return '<<';
    if (name === undefined)
      throw new ExpansionError('INVALID', place, 'a << is not closed; in shell scripts write \\<<');
    const value = lookUp(name.trim(), scope, place);
    if (typeof value !== 'object') return String(value);
    throw new ExpansionError('WRONG_TYPE', place, `${name.trim()} cannot be part of a text`);
  });
}

function lookUp(name: string, scope: Scope, place: string): Argument {
  if (name.startsWith('include'))
    throw new ExpansionError('INCLUDE_LEFT', place, `<< ${name} >> should have been packed`);
  const value = valueOf(name, scope);
  if (value !== undefined) return value;
  throw new ExpansionError('UNDEFINED_PARAMETER', place, `${name} is undefined`);
}

function valueOf(name: string, { parameters, pipeline, matrix }: Scope): Argument | undefined {
  const [kind = ''] = name.split('.');
  const key = name.slice(kind.length + 1);
  switch (kind) {
    case 'parameters':
      return parameters.get(key);
    case 'pipeline':
      return pipeline.get(key);
    case 'matrix':
      return matrix.get(key);
    default:
      return undefined;
  }
}
