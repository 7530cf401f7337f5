import { isObject, type JsonObject } from '@drayage/core';

import { isList, mapAt, onlyEntry, oneOf, textAt } from './config-tree.ts';
import { ExpansionError } from './expansion-error.ts';
import { interpolate } from './interpolate.ts';
import { BoundExecutor, BoundSteps, type Scope } from './scope.ts';

/**
 * Evaluates a logic statement. False are: false, an absent value, 0, the empty string, no steps, and a
 * statement without arguments.
 * @throws ExpansionError for an unknown operator, or names that are not defined
 * @see https://circleci.com/docs/reference/configuration-reference/#logic-statements
 */
export function holds(condition: unknown, scope: Scope, place: string): boolean {
  return isTrue(interpolate(condition, scope, place), place);
}

function isTrue(value: unknown, place: string): boolean {
  if (value instanceof BoundSteps) return value.steps.length > 0;
  if (value instanceof BoundExecutor || isList(value))
    throw new ExpansionError('WRONG_TYPE', place, 'a condition is a value or a map with one operator');
  if (!isObject(value)) return isTruthy(value);
  const [operator, operands] = onlyEntry(value, place);
  return evaluate(operator, operands, `${place}.${operator}`);
}

function evaluate(operator: string, operands: unknown, place: string): boolean {
  const all = isList(operands) ? operands : [];
  switch (operator) {
    case 'and':
      return all.length > 0 && all.every((operand) => isTrue(operand, place));
    case 'or':
      return all.some((operand) => isTrue(operand, place));
    case 'not':
      return !isTrue(operands, place);
    case 'equal':
      return all.length > 0 && all.every((operand) => JSON.stringify(operand) === JSON.stringify(all[0]));
    case 'matches':
      return doesMatch(mapAt(operands, place), place);
    default:
      throw new ExpansionError(
        'INVALID',
        place,
        `unknown operator; ${oneOf(['and', 'or', 'not', 'equal', 'matches'])}`,
      );
  }
}

function doesMatch(operands: JsonObject, place: string): boolean {
  const pattern = textAt(operands['pattern'], `${place}.pattern`);
  return new RegExp(pattern).test(String(operands['value']));
}

function isTruthy(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '';
}
