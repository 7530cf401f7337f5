import type { JsonObject } from '@drayage/core';

import { mapAt, onlyKeys } from './config-tree.ts';
import { expandExecutor } from './executor.ts';
import { expandJob } from './expand-job.ts';
import { expandSteps } from './expand-steps.ts';
import { ExpansionError } from './expansion-error.ts';
import { createNamespace, readSource, type ConfigSource } from './namespace.ts';
import { readParameters, type Parameter } from './parameter.ts';
import { BoundExecutor, type Scope } from './scope.ts';

const orbKeys = ['version', 'description', 'display', 'orbs', 'commands', 'executors', 'jobs', 'examples'];

/**
 * The mistakes in an orb, for any use of it: expands every command, job and executor with
 * sample arguments, and takes both branches of every condition. Empty if there are no mistakes.
 * @param orbs the sources of imported orbs
 */
export function checkOrb(
  source: ConfigSource,
  orbs: Readonly<Record<string, ConfigSource>> = {},
): readonly ExpansionError[] {
  const document = readSource(source, 'orb');
  const namespace = createNamespace(document, '', new Map(Object.entries(orbs)));
  const scope: Scope = {
    ...{ namespace, parameters: new Map(), pipeline: new Map(), matrix: new Map() },
    ...{ everyBranch: true, trail: [] },
  };
  return [
    ...problemsOf(() => onlyKeys(document, orbKeys, 'orb')),
    ...elements(namespace.commands).flatMap(([name, declaration]) =>
      problemsOf(() => {
        const args = sampleArguments(readParameters(declaration, 'command', `commands.${name}`));
        expandSteps([{ [name]: args }], scope, `commands.${name}`);
      }),
    ),
    ...elements(namespace.executors).flatMap(([name, declaration]) =>
      problemsOf(() => {
        const place = `executors.${name}`;
        const args = sampleArguments(readParameters(declaration, 'executor', place));
        expandExecutor(new BoundExecutor({ namespace, declaration, place }, args), scope, place);
      }),
    ),
    ...elements(namespace.jobs).flatMap(([name, declaration]) =>
      problemsOf(() => {
        const args = sampleArguments(readParameters(declaration, 'job', `jobs.${name}`));
        expandJob({ name, args, preSteps: [], postSteps: [] }, scope, `jobs.${name}`);
      }),
    ),
  ];
}

function elements(declarations: JsonObject): (readonly [string, JsonObject])[] {
  return Object.entries(declarations).map(([name, value]) => [name, mapAt(value, name)] as const);
}

function problemsOf(action: () => unknown): readonly ExpansionError[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof ExpansionError) return [error];
    throw error;
  }
}

/** An argument for each required parameter. */
function sampleArguments(parameters: readonly Parameter[]): JsonObject {
  const required = parameters.filter(({ fallback }) => fallback === undefined);
  return Object.fromEntries(required.map((parameter) => [parameter.name, sampleOf(parameter)]));
}

function sampleOf({ type, values }: Parameter): unknown {
  switch (type) {
    case 'string':
      return 'sample';
    case 'boolean':
      return true;
    case 'integer':
      return 1;
    case 'enum':
      return values[0];
    case 'executor':
      return sampleExecutor;
    case 'steps':
      return [];
    case 'env_var_name':
      return 'SAMPLE';
  }
}

const sampleExecutor = new BoundExecutor(
  {
    namespace: createNamespace({}, 'sample', new Map()),
    declaration: { docker: [{ image: 'sample' }] },
    place: 'sample',
  },
  {},
);
