import type { PipelineDefinitions } from '@drayage/core/pipeline';
import type { OrbParameters, OrbStep, YamlMap, YamlValue } from './model.ts';
import { parameter, passOn, when } from './steps.ts';

/** The directory of the orb on a node, and the name of the pre-pull. */
export const placeParameters: OrbParameters = {
  workspace_root: {
    type: 'string',
    description:
      'Directory for this orb, which uses its folder drayage: the root when persisting, and the place to attach. An absolute path; with carrier: cache, the same in all jobs.',
    default: '/tmp/drayage-workspace',
  },
  key: {
    type: 'string',
    description:
      'Name of this pre-pull: letters, digits, - and _. Each pre-pull job of a workflow needs a different key. To load its images, use the same key.',
    default: 'prepull',
  },
};

/** How a bundle gets from the pre-pull job to the jobs that load it, unless a handover location is given. */
export const carrierParameters: OrbParameters = {
  carrier: {
    type: 'enum',
    enum: ['workspace', 'cache'],
    description:
      'Carries the bundle to later jobs of the workflow: the workspace, or a cache entry of this workflow. With cache, a pre-pull job that never ran fails no other job, and only jobs that load download the bundle. A rerun from failed does not find the cache entry.',
    default: 'workspace',
  },
};

/** Time limits of a step. */
export function limitParameters(timeLimit: string): OrbParameters {
  return {
    time_limit: {
      type: 'string',
      description:
        'Maximum duration, such as 90s, 15m or 1h. The command is then stopped, and the job goes on.',
      default: timeLimit,
    },
    no_output_timeout: {
      type: 'string',
      description:
        'CircleCI fails the step when it prints nothing for this long. Keep it longer than time_limit.',
      default: '30m',
    },
  };
}

/** How a job installs the command line. */
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
        'Source of the dray command: "npm" or the URL of a mirror of the npm registry, the URL of one .tgz file, or the path of a .tgz file or of a directory with the released files.',
      default: 'npm',
    },
    install_checksums: {
      type: 'string',
      description:
        'Files that may be installed over the network: NAME=SHA256 for each, separated by white space. The default has the files of the default version.',
      default: files.map(({ name, sha256 }) => `${name}=${sha256}`).join(' '),
    },
    install_dir: {
      type: 'string',
      description: 'Directory of the dray command. It is cached.',
      default: '~/.cache/drayage/cli',
    },
    install_cache: {
      type: 'boolean',
      description: 'Keep the dray command in a cache of CircleCI.',
      default: true,
    },
    install_cache_version: {
      type: 'string',
      description: 'Part of the cache key. Change it to start a new cache.',
      default: 'v1',
    },
  };
}

/** For commands that can install the dray command. */
export const installSwitch: OrbParameters = {
  install: {
    type: 'boolean',
    description:
      'Install the dray command first. Set it to false if an earlier step has installed it, or the image includes it.',
    default: true,
  },
};

/** The step that installs the dray command, if wanted. */
export function installSteps(definitions: PipelineDefinitions): OrbStep {
  const parameters = { ...placeParameters, ...installParameters(definitions) };
  return when(parameter('install'), [{ install: passOn(parameters) }]);
}

/** The variables of every script. */
export const scriptEnvironment: YamlMap = {
  DRAY_WORKSPACE: parameter('workspace_root'),
  DRAY_KEY: parameter('key'),
  DRAY_INSTALL_DIR: parameter('install_dir'),
};

export type Carrier = 'workspace' | 'cache';

/** True if this is the carrier. */
export function isCarriedBy(carrier: Carrier): YamlValue {
  return { equal: [carrier, parameter('carrier')] };
}

/** True if this is the carrier, and no handover location is given. */
export function isHandedOverBy(carrier: Carrier): YamlValue {
  return { and: [{ not: parameter('handover') }, isCarriedBy(carrier)] };
}

/**
 * The cache key of a bundle: it contains the workflow, so a job never receives the bundle of another
 * workflow.
 */
export const bundleCacheKey: string = `drayage-bundle-${parameter('key')}-{{ .Environment.CIRCLE_WORKFLOW_ID }}`;
