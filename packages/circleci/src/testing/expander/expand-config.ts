import type { JsonObject } from '@drayage/core';

import { bindArguments } from './bind.ts';
import { mapAt, onlyKeys } from './config-tree.ts';
import { ExpansionError } from './expansion-error.ts';
import { expandSteps } from './expand-steps.ts';
import { expandWorkflow, isWorkflow, type Workflow } from './expand-workflow.ts';
import { createNamespace, readSource, type ConfigSource } from './namespace.ts';
import { readParameters } from './parameter.ts';
import type { Scalar, Scope } from './scope.ts';

/** The external input of a configuration. */
export interface ExpandOptions {
  /** Orbs by their reference in the configuration: `drayage/drayage@1`, or a URL. Not for inline orbs. */
  readonly orbs?: Readonly<Record<string, ConfigSource>>;
  /** Arguments for the pipeline's own parameters. */
  readonly parameters?: JsonObject;
  /** Other values of the pipeline, without the `pipeline.`: `git.branch`. */
  readonly pipeline?: Readonly<Record<string, Scalar>>;
}

/** A fully resolved configuration. */
export interface ExpandedConfig {
  /** By name, in the order of the configuration. */
  readonly workflows: ReadonlyMap<string, Workflow>;
}

const rootKeys = [
  ...['version', 'setup', 'orbs', 'parameters', 'commands', 'executors', 'jobs', 'workflows', 'description'],
];

/**
 * Expands a CircleCI 2.1 configuration as CircleCI does before it runs anything: orbs, commands, executors,
 * parameters, conditions, matrices. Also checks the keys of maps, which the published schema does not.
 * @throws ExpansionError with the mistake and its place
 * @see https://circleci.com/docs/reusing-config/
 */
export function expandConfig(config: ConfigSource, options: ExpandOptions = {}): ExpandedConfig {
  const document = readSource(config, '');
  const keys = Object.keys(document).filter((key) => !key.startsWith('x-'));
  onlyKeys(Object.fromEntries(keys.map((key) => [key, true])), rootKeys, 'config');
  if (String(document['version']) !== '2.1')
    throw new ExpansionError('INVALID', 'version', 'orbs and parameters need version 2.1');
  const scope = rootScope(document, options);
  const workflows = Object.entries(mapAt(document['workflows'], 'workflows')).filter(isWorkflow);
  return {
    workflows: new Map(
      workflows.map(([name, workflow]) => [name, expandWorkflow(name, workflow, scope, `workflows.${name}`)]),
    ),
  };
}

function rootScope(document: JsonObject, options: ExpandOptions): Scope {
  const namespace = createNamespace(document, '', new Map(Object.entries(options.orbs ?? {})));
  const given = new Map(Object.entries(options.pipeline ?? {}));
  const outside: Scope = {
    ...{ namespace, parameters: new Map(), pipeline: given, matrix: new Map() },
    ...{ everyBranch: false, trail: [] },
  };
  const parameters = bindArguments(
    {
      parameters: readParameters(document, 'pipeline', 'config'),
      args: options.parameters ?? {},
      ...{ caller: outside, namespace, place: 'pipeline.parameters' },
    },
    expandSteps,
  );
  const values = [...parameters].flatMap(([name, value]) =>
    typeof value === 'object' ? [] : [[`parameters.${name}`, value] as const],
  );
  return { ...outside, pipeline: new Map([...given, ...values]) };
}
