import type { JsonObject } from '@drayage/core';

import { isList, listAt, mapAt, onlyKeys, optionalTextAt, wrongType } from './config-tree.ts';
import type { Scalar } from './scope.ts';

/** One combination of a matrix's values, in the order of its parameters. */
export type Combination = ReadonlyMap<string, Scalar>;

/** A matrix with every combination that is not excluded. */
export interface Matrix {
  /** The name for all of them in `requires`, in addition to the job's own name. */
  readonly alias: string | undefined;
  readonly combinations: readonly Combination[];
}

/**
 * Reads a fully resolved matrix.
 * @throws ExpansionError
 * @see https://circleci.com/docs/configuration-reference/#matrix
 */
export function readMatrix(value: unknown, place: string): Matrix {
  const map = mapAt(value, place);
  onlyKeys(map, ['parameters', 'exclude', 'alias'], place);
  const axes = Object.entries(mapAt(map['parameters'], `${place}.parameters`));
  const excluded = listAt(map['exclude'], `${place}.exclude`).map((item) => mapAt(item, `${place}.exclude`));
  const combinations = axes.reduce<readonly Combination[]>(
    (all, [name, values]) => {
      const axis = scalarsAt(values, `${place}.parameters.${name}`);
      return all.flatMap((left) => axis.map((scalar) => new Map([...left, [name, scalar]])));
    },
    [new Map()],
  );
  return {
    alias: optionalTextAt(map['alias'], `${place}.alias`),
    combinations: combinations.filter((one) => !excluded.some((other) => isSame(one, other))),
  };
}

function isSame(combination: Combination, excluded: JsonObject): boolean {
  return [...combination].every(([name, value]) => excluded[name] === value);
}

function scalarsAt(value: unknown, place: string): readonly Scalar[] {
  const list = isList(value) ? value : [];
  const scalars = list.filter(
    (item) => typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean',
  );
  if (list.length === 0 || scalars.length < list.length) throw wrongType(place, 'a list of values', value);
  return scalars;
}
