import type { PipelineDefinitions } from '@drayage/core';
import type { OrbCommand, OrbParameters } from './model.ts';
import { optionParameters } from './option-parameters.ts';
import type { OptionParameters } from './option-parameters.ts';
import {
  installParameters,
  installSteps,
  installSwitch,
  limitParameters,
  placeParameters,
  scriptEnvironment,
} from './shared-parameters.ts';
import { parameter, scriptStep, unless, when } from './steps.ts';

/** What can be said of a pre-pull: names of parameters, and the options that they stand for. */
const prepullOptions = {
  images: 'images',
  optional: 'optional',
  from: 'from',
  only_branches: {
    key: 'runOnly',
    description:
      'Globs of the branches that images are pre-pulled for, separated by white space or commas. On others the job does nothing and says so, which is safer than a filter on it.',
  },
  except_branches: {
    key: 'runExcept',
    description: 'Globs of the branches that nothing is pre-pulled for.',
  },
  config: 'configFile',
  prepare_commands: 'prepare',
  source: 'source',
  handover: {
    key: 'handover',
    description:
      'Directory or URL where the bundle is handed over, in place of the workspace or the cache. Whoever loads it names the same, and waits for it by itself.',
  },
  form: 'form',
  pack_format: 'packFormat',
  platform: 'platform',
  frozen: 'frozen',
  lock_file: 'lockFile',
  mirrors: 'mirrors',
  insecure_registries: 'insecureRegistries',
  ca_file: 'caFile',
  certs_dir: 'certsDir',
  concurrency: 'concurrency',
  strict: 'strict',
  verbose: 'verbose',
} as const;

/** The parameters that the command and the job have in common. */
export function prepullParameters(definitions: PipelineDefinitions): OrbParameters {
  return {
    ...options(definitions).parameters,
    ...placeParameters,
    ...limitParameters('20m'),
    ...installParameters(definitions),
  };
}

/** `drayage/prepull` as a command. */
export function prepullCommand(definitions: PipelineDefinitions): OrbCommand {
  const settings = {
    environment: {
      ...scriptEnvironment,
      ...options(definitions).environment,
      DRAY_TIME_LIMIT: parameter('time_limit'),
    },
    no_output_timeout: parameter('no_output_timeout'),
  };
  return {
    description:
      'Fetches images into a bundle. It fails no job: what went wrong is told to those who wait for the images. Nothing is persisted: a later step of the same job loads them, or the handover brings them to another job. The prepull job does the rest.',
    parameters: {
      ...prepullParameters(definitions),
      background: {
        type: 'boolean',
        description:
          'Go on with the next step of this job at once. The load command, with attach: false, waits for the images later.',
        default: false,
      },
      ...installSwitch,
    },
    steps: [
      installSteps(definitions),
      when(parameter('background'), [
        scriptStep('Pre-pull images in the background', 'prepull', { background: true, ...settings }),
      ]),
      unless(parameter('background'), [scriptStep('Pre-pull images', 'prepull', settings)]),
    ],
  };
}

function options(definitions: PipelineDefinitions): OptionParameters {
  return optionParameters(definitions, prepullOptions);
}
