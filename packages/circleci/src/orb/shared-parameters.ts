import type { PipelineDefinitions } from '@drayage/core';
import type { OrbParameters, OrbStep, YamlMap, YamlValue } from './model.ts';
import { parameter, passOn, when } from './steps.ts';

/** Where everything of the orb is on a node, and which pre-pull is meant. */
export const placeParameters: OrbParameters = {
  workspace_root: {
    type: 'string',
    description:
      'Directory in which this orb has a folder drayage: the root of what is persisted, and where it is attached. An absolute path; with carrier: cache it has to be the same in all jobs.',
    default: '/tmp/drayage-workspace',
  },
  key: {
    type: 'string',
    description:
      'Name of this pre-pull: letters, digits, - and _. Each pre-pull job of a workflow needs one of its own, and what loads its images names the same.',
    default: 'prepull',
  },
};

/** How a bundle comes from the pre-pull job to those that load it, where no other handover is given. */
export const carrierParameters: OrbParameters = {
  carrier: {
    type: 'enum',
    enum: ['workspace', 'cache'],
    description:
      'What carries the bundle to later jobs of the workflow: the workspace, or a cache entry of this workflow. The cache fails nobody when the pre-pull job never ran, and is downloaded by none but the jobs that load; it is not there for a rerun from failed.',
    default: 'workspace',
  },
};

/** How long a step may take. */
export function limitParameters(timeLimit: string): OrbParameters {
  return {
    time_limit: {
      type: 'string',
      description:
        'Longest that this may take, such as 90s, 15m or 1h. What is not done by then is given up, and the job goes on.',
      default: timeLimit,
    },
    no_output_timeout: {
      type: 'string',
      description: 'How long this may print nothing before CircleCI fails it; longer than the time limit.',
      default: '30m',
    },
  };
}

/** How the command line gets into a job. */
export function installParameters({ version, files }: PipelineDefinitions): OrbParameters {
  return {
    dray_version: {
      type: 'string',
      description: 'Version of the dray command, such as 1.2.3.',
      default: version,
    },
    install_from: {
      type: 'string',
      description:
        'Where the dray command is from: "npm" or the URL of a mirror of the npm registry, the URL of one .tgz file, or the path of a .tgz file or of a directory with the released files.',
      default: 'npm',
    },
    install_checksums: {
      type: 'string',
      description:
        'What may be installed from a network: NAME=SHA256 for each file, separated by white space. The default is that of the default version.',
      default: files.map(({ name, sha256 }) => `${name}=${sha256}`).join(' '),
    },
    install_dir: {
      type: 'string',
      description: 'Directory of the dray command; it is what is cached.',
      default: '~/.cache/drayage/cli',
    },
    install_cache: {
      type: 'boolean',
      description: 'Keep the dray command in a cache of CircleCI.',
      default: true,
    },
    install_cache_version: {
      type: 'string',
      description: 'Part of the key of that cache; another text begins a new one.',
      default: 'v1',
    },
  };
}

/** For commands that can bring the dray command along. */
export const installSwitch: OrbParameters = {
  install: {
    type: 'boolean',
    description:
      'Install the dray command first. Set it to false where a step before has done it, or where the image has it.',
    default: true,
  },
};

/** The steps of commands that can bring the dray command along. */
export function installSteps(definitions: PipelineDefinitions): OrbStep {
  const parameters = { ...placeParameters, ...installParameters(definitions) };
  return when(parameter('install'), [{ install: passOn(parameters) }]);
}

/** What every script needs to know. */
export const scriptEnvironment: YamlMap = {
  DRAY_WORKSPACE: parameter('workspace_root'),
  DRAY_KEY: parameter('key'),
  DRAY_INSTALL_DIR: parameter('install_dir'),
};

export type Carrier = 'workspace' | 'cache';

/** True where the carrier is that one. */
export function isCarriedBy(carrier: Carrier): YamlValue {
  return { equal: [carrier, parameter('carrier')] };
}

/** True where the carrier is that one, and no other handover is given. */
export function isHandedOverBy(carrier: Carrier): YamlValue {
  return { and: [{ not: parameter('handover') }, isCarriedBy(carrier)] };
}

/** The key of a bundle in the cache: one for each workflow, so that nobody gets that of another. */
export const bundleCacheKey: string = `drayage-bundle-${parameter('key')}-{{ .Environment.CIRCLE_WORKFLOW_ID }}`;
