import type { PipelineDefinitions } from '@drayage/core';
import { engineOptions, sudoParameter } from './engine-options.ts';
import type { OrbCommand } from './model.ts';
import { optionParameters } from './option-parameters.ts';
import { attachParameters, receiveSteps } from './receive-steps.ts';
import {
  carrierParameters,
  installParameters,
  installSteps,
  installSwitch,
  isHandedOverBy,
  limitParameters,
  placeParameters,
  scriptEnvironment,
} from './shared-parameters.ts';
import { parameter, scriptStep } from './steps.ts';

const loadOptions = {
  only: 'only',
  delivery: 'delivery',
  on_miss: 'onMiss',
  handover: {
    key: 'handover',
    description:
      'Where the pre-pull hands the bundle over, in place of the workspace or the cache. It is waited for.',
  },
  grace: 'graceMs',
  settled: 'settled',
  reach: 'reach',
  mount_content: 'mountContent',
  ...engineOptions,
} as const;

/** `drayage/load`. */
export function loadCommand(definitions: PipelineDefinitions): OrbCommand {
  const { parameters, environment } = optionParameters(definitions, loadOptions);
  return {
    description:
      'Makes the images of a pre-pull available in the engine of this job. Waits only where the bundle does not come by the workspace or the cache, and only while waiting helps. Whatever went wrong with the pre-pull, the job goes on and pulls normally, unless strict or on_miss: fail is set.',
    parameters: {
      ...parameters,
      export: {
        type: 'boolean',
        description:
          'Where images cannot be mounted into the engine of this job, start one of our own that has them mounted, and set DOCKER_HOST to it for the steps that follow. With delivery: mount that is done in any case.',
        default: false,
      },
      ...attachParameters,
      ...carrierParameters,
      ...placeParameters,
      ...sudoParameter(false),
      ...limitParameters('20m'),
      ...installSwitch,
      ...installParameters(definitions),
    },
    steps: [
      installSteps(definitions),
      ...receiveSteps(isHandedOverBy),
      scriptStep('Load the pre-pulled images', 'load', {
        environment: {
          ...scriptEnvironment,
          ...environment,
          DRAY_ATTACHED: parameter('attach'),
          DRAY_LATER_STEPS: parameter('export'),
          DRAY_SUDO: parameter('sudo'),
          DRAY_TIME_LIMIT: parameter('time_limit'),
        },
        no_output_timeout: parameter('no_output_timeout'),
      }),
    ],
  };
}
