import { isObject } from '@drayage/core';

import { bindArguments } from './bind.ts';
import { isBuiltinStep, readBuiltinStep } from './builtin-step.ts';
import { listAt, mapAt, onlyEntry, onlyKeys } from './config-tree.ts';
import { holds } from './condition.ts';
import { ExpansionError } from './expansion-error.ts';
import { interpolate } from './interpolate.ts';
import { find } from './namespace.ts';
import { readParameters } from './parameter.ts';
import { BoundSteps, type Scope } from './scope.ts';
import type { Step } from './step.ts';

/**
 * Expands the steps of a list or of a named parameter: replaces commands by their steps, evaluates
 * conditions.
 * @throws ExpansionError with the place of the mistake
 */
export function expandSteps(steps: unknown, scope: Scope, place: string): readonly Step[] {
  if (typeof steps === 'string') return expandGiven(steps, scope, place);
  return listAt(steps, place).flatMap((step, index) => expandStep(step, scope, `${place}[${index}]`));
}

function expandStep(step: unknown, scope: Scope, place: string): readonly Step[] {
  const [name, settings] =
    typeof step === 'string' ? [step, undefined] : onlyEntry(mapAt(step, place), place);
  switch (name) {
    case 'when':
    case 'unless':
      return expandChoice(name, settings, scope, `${place}.${name}`);
    case 'steps':
      return expandGiven(settings, scope, `${place}.steps`);
    default:
      return isBuiltinStep(name)
        ? expandBuiltin(name, settings, scope, `${place}.${name}`)
        : expandCommand(name, settings, scope, `${place}.${name}`);
  }
}

function expandChoice(
  kind: 'when' | 'unless',
  settings: unknown,
  scope: Scope,
  place: string,
): readonly Step[] {
  const map = mapAt(settings, place);
  onlyKeys(map, ['condition', 'steps', 'name'], place);
  if (!('condition' in map)) throw new ExpansionError('INVALID', place, 'it has no condition');
  const isTaken = holds(map['condition'], scope, `${place}.condition`) === (kind === 'when');
  if (!isTaken && !scope.everyBranch) return [];
  return expandSteps(map['steps'], scope, `${place}.steps`);
}

/** Steps from a parameter, already expanded. */
function expandGiven(settings: unknown, scope: Scope, place: string): readonly Step[] {
  const given = interpolate(settings, scope, place);
  if (given instanceof BoundSteps) return given.steps;
  throw new ExpansionError('WRONG_TYPE', place, 'it must name a parameter of type steps');
}

function expandBuiltin(name: string, settings: unknown, scope: Scope, place: string): readonly Step[] {
  const resolved = interpolate(settings, scope, place);
  const step = readBuiltinStep(name, resolved ?? {}, place);
  return step === undefined ? [] : [step];
}

function expandCommand(name: string, args: unknown, scope: Scope, place: string): readonly Step[] {
  const { namespace, declaration, place: declared } = find('command', name, scope.namespace, place);
  if (scope.trail.includes(declared))
    throw new ExpansionError('CYCLE', place, `the command ${name} would call itself`);
  onlyKeys(declaration, ['description', 'parameters', 'steps'], declared);
  if (args !== undefined && args !== null && !isObject(args))
    throw new ExpansionError('WRONG_TYPE', place, 'arguments are a map');
  const parameters = bindArguments(
    {
      parameters: readParameters(declaration, 'command', declared),
      args: mapAt(args, place),
      ...{ caller: scope, namespace, place },
    },
    expandSteps,
  );
  const inside = {
    ...scope,
    ...{ namespace, parameters, matrix: new Map<string, never>(), trail: [...scope.trail, declared] },
  };
  return expandSteps(declaration['steps'], inside, `${place} > ${declared}.steps`);
}
