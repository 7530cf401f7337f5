import type { JsonObject } from '@drayage/core';

import { bindArguments } from './bind.ts';
import { readEnvironment } from './builtin-step.ts';
import { listAt, mapAt, onlyKeys, optionalTextAt, textAt, without } from './config-tree.ts';
import { ExpansionError } from './expansion-error.ts';
import { expandSteps } from './expand-steps.ts';
import { interpolate } from './interpolate.ts';
import { readParameters } from './parameter.ts';
import type { BoundExecutor, Scope } from './scope.ts';

/** Where the steps of a job run. */
export interface Executor {
  readonly kind: 'docker' | 'machine' | 'macos';
  /** The primary container's image, the image of the virtual machine, or the version of Xcode. */
  readonly image: string;
  readonly resourceClass: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly shell: string | undefined;
  readonly workingDirectory: string | undefined;
}

/** The keys of an executor; a job can have them too. */
export const executorKeys: readonly string[] = [
  ...['docker', 'machine', 'macos', 'resource_class', 'environment', 'working_directory', 'shell'],
];

/** The executor of that name with its arguments. @throws ExpansionError */
export function expandExecutor({ found, args }: BoundExecutor, caller: Scope, place: string): Executor {
  const { namespace, declaration, place: declared } = found;
  onlyKeys(declaration, [...executorKeys, 'description', 'parameters'], declared);
  const parameters = bindArguments(
    { parameters: readParameters(declaration, 'executor', declared), args, caller, namespace, place },
    expandSteps,
  );
  const inside = { ...caller, namespace, parameters, matrix: new Map<string, never>() };
  const body = without(declaration, ['parameters']);
  return readExecutor(mapAt(interpolate(body, inside, `${place} > ${declared}`), declared), declared);
}

/**
 * Reads an executor from fully resolved settings.
 * @throws ExpansionError `INVALID` without an executor
 */
export function readExecutor(map: JsonObject, place: string): Executor {
  const common = {
    resourceClass: optionalTextAt(map['resource_class'], `${place}.resource_class`),
    shell: optionalTextAt(map['shell'], `${place}.shell`),
    workingDirectory: optionalTextAt(map['working_directory'], `${place}.working_directory`),
  };
  const environment = readEnvironment(map['environment'], `${place}.environment`);
  if (map['docker'] !== undefined) {
    const [primary] = listAt(map['docker'], `${place}.docker`);
    const image = mapAt(primary, `${place}.docker[0]`);
    return {
      ...{ ...common, kind: 'docker', image: textAt(image['image'], `${place}.docker[0].image`) },
      environment: {
        ...environment,
        ...readEnvironment(image['environment'], `${place}.docker[0].environment`),
      },
    };
  }
  const machine = map['machine'] === true ? { image: 'default' } : map['machine'];
  if (machine !== undefined) {
    const image = textAt(mapAt(machine, `${place}.machine`)['image'], `${place}.machine.image`);
    return { ...common, kind: 'machine', image, environment };
  }
  if (map['macos'] === undefined)
    throw new ExpansionError('INVALID', place, 'it has neither docker, machine nor macos');
  const xcode = textAt(mapAt(map['macos'], `${place}.macos`)['xcode'], `${place}.macos.xcode`);
  return { ...common, kind: 'macos', image: xcode, environment };
}
