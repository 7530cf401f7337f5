import type { PipelineDefinitions } from '@drayage/core/pipeline';
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

/** Parameters about a pre-pull, and the options that they set. */
const prepullOptions = {
  images: 'images',
  optional: 'optional',
  from: 'from',
  only_branches: {
    key: 'runOnly',
    description:
      'Globs of the branches to pre-pull on, separated by white space or commas. On other branches the job does nothing and says so, which is safer than a filter.',
  },
  except_branches: {
    key: 'runExcept',
    description: 'Globs of the branches not to pre-pull on.',
  },
  config: 'configFile',
  prepare_commands: 'prepare',
  source: 'source',
  handover: {
    key: 'handover',
    description:
      'Handover location: a directory or URL, instead of the workspace or the cache. Jobs that load the images name the same location, and wait for the bundle there.',
  },
  form: 'form',
  pack_format: 'packFormat',
  sign: 'sign',
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

/** The parameters that the command and the job share. */
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
      'Fetches images into a bundle. A failure never fails the job; it is recorded for the jobs that load the images. The command persists nothing: a later step of the same job loads the images, or the handover takes them to another job. To persist them, use the prepull job.',
    parameters: {
      ...prepullParameters(definitions),
      background: {
        type: 'boolean',
        description:
          'Start the next step of this job immediately. Later, the load command with attach: false waits for the images.',
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
