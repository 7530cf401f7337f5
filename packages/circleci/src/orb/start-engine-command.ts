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
  isCarriedBy,
  limitParameters,
  placeParameters,
  scriptEnvironment,
} from './shared-parameters.ts';
import { parameter, scriptStep } from './steps.ts';

/** `drayage/start_engine`. */
export function startEngineCommand(definitions: PipelineDefinitions): OrbCommand {
  const { parameters, environment } = optionParameters(definitions, engineOptions);
  return {
    description:
      'Starts a private engine with the pre-pulled images mounted, and sets DOCKER_HOST for the steps that follow. Needs root: the machine executor or a privileged runner. If the engine cannot start, the job goes on with its existing engine, unless strict is set.',
    parameters: {
      ...parameters,
      ...attachParameters,
      ...carrierParameters,
      ...placeParameters,
      ...sudoParameter(true),
      ...limitParameters('10m'),
      ...installSwitch,
      ...installParameters(definitions),
    },
    steps: [
      installSteps(definitions),
      ...receiveSteps(isCarriedBy),
      scriptStep('Start an engine with the pre-pulled images', 'start_engine', {
        environment: {
          ...scriptEnvironment,
          ...environment,
          DRAY_SUDO: parameter('sudo'),
          DRAY_TIME_LIMIT: parameter('time_limit'),
        },
        no_output_timeout: parameter('no_output_timeout'),
      }),
    ],
  };
}
