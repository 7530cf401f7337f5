import type { PipelineDefinitions } from '@drayage/core/pipeline';
import type { OrbCommand } from './model.ts';
import { installParameters, placeParameters, scriptEnvironment } from './shared-parameters.ts';
import { parameter, scriptStep, when } from './steps.ts';

/** `drayage/install`. */
export function installCommand(definitions: PipelineDefinitions): OrbCommand {
  const environment = {
    ...scriptEnvironment,
    DRAY_INSTALL_VERSION: parameter('dray_version'),
    DRAY_INSTALL_FROM: parameter('install_from'),
    DRAY_INSTALL_CHECKSUMS: parameter('install_checksums'),
  };
  const cache = `drayage-cli-${parameter('install_cache_version')}-{{ arch }}-${parameter('dray_version')}`;
  const key = `${cache}-{{ checksum "${parameter('workspace_root')}/drayage/.cli-build" }}`;
  return {
    description:
      'Installs the dray command. The other commands of this orb do this themselves. The command is cached, needs no root, and uses the Node.js of the image if there is one. If it cannot be installed, the job goes on without it.',
    parameters: { ...placeParameters, ...installParameters(definitions) },
    steps: [
      when(parameter('install_cache'), [
        scriptStep('Determine the dray command for this image', 'cache_key', { environment }),
        { restore_cache: { name: 'Restore the dray command', keys: [key] } },
      ]),
      scriptStep('Install the dray command', 'install', { environment }),
      when(parameter('install_cache'), [
        { save_cache: { name: 'Save the dray command', key, paths: [parameter('install_dir')] } },
      ]),
    ],
  };
}
