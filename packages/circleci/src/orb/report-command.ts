import type { PipelineDefinitions } from '@drayage/core/pipeline';
import type { OrbCommand } from './model.ts';
import { installParameters, placeParameters, scriptEnvironment } from './shared-parameters.ts';
import { parameter, scriptStep } from './steps.ts';

/** `drayage/report`. */
export function reportCommand(definitions: PipelineDefinitions): OrbCommand {
  const { install_dir: installDir } = installParameters(definitions);
  return {
    description:
      'Prints the content of the bundle. Stores it, the status of the pre-pull and the JSON reports of this job as artifacts in drayage/.',
    parameters: { ...placeParameters, ...(installDir === undefined ? {} : { install_dir: installDir }) },
    steps: [
      scriptStep('Report on the pre-pulled images', 'report', {
        when: 'always',
        environment: scriptEnvironment,
      }),
      {
        store_artifacts: {
          name: 'Store the report on the pre-pulled images',
          path: `${parameter('workspace_root')}/drayage/.report`,
          destination: 'drayage',
        },
      },
    ],
  };
}
