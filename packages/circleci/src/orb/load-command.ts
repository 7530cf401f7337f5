import type { PipelineDefinitions } from '@drayage/core/pipeline';
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
      'Handover location of the pre-pull, instead of the workspace or the cache. The command waits for the bundle there.',
  },
  grace: 'graceMs',
  settled: 'settled',
  verify: 'verify',
  require_signature: 'requireSignature',
  reach: 'reach',
  mount_content: 'mountContent',
  ...engineOptions,
} as const;

/** `drayage/load`. */
export function loadCommand(definitions: PipelineDefinitions): OrbCommand {
  const { parameters, environment } = optionParameters(definitions, loadOptions);
  return {
    description:
      'Makes the images of a pre-pull available in the engine of this job. Waits only if neither the workspace nor the cache carries the bundle, and only as long as the pre-pull can still succeed. If the pre-pull failed, the job goes on and pulls normally, unless strict or on_miss: fail is set.',
    parameters: {
      ...parameters,
      export: {
        type: 'boolean',
        description:
          'If images cannot be mounted into the engine of this job, start another engine that has them mounted, in this container or beside the engine of this job, and set DOCKER_HOST to it for the steps that follow. delivery: mount implies this.',
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
