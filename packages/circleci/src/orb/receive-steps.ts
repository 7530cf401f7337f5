import type { OrbParameters, OrbStep, YamlValue } from './model.ts';
import { bundleCacheKey } from './shared-parameters.ts';
import type { Carrier } from './shared-parameters.ts';
import { parameter, when } from './steps.ts';

/** Whether this command receives the bundle. */
export const attachParameters: OrbParameters = {
  attach: {
    type: 'boolean',
    description:
      'Receive the bundle from the carrier first. Set it to false if the pre-pull runs in this job, or if an earlier step has attached the workspace at workspace_root.',
    default: true,
  },
};

/** The steps that receive the bundle from the carrier for which the condition holds. */
export function receiveSteps(isBroughtBy: (carrier: Carrier) => YamlValue): readonly OrbStep[] {
  return [
    when({ and: [parameter('attach'), isBroughtBy('workspace')] }, [
      { attach_workspace: { name: 'Attach the pre-pulled images', at: parameter('workspace_root') } },
    ]),
    when({ and: [parameter('attach'), isBroughtBy('cache')] }, [
      { restore_cache: { name: 'Restore the pre-pulled images', keys: [bundleCacheKey] } },
    ]),
  ];
}
