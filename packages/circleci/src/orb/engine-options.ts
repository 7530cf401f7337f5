import type { OrbParameters } from './model.ts';

/** What can be said of a private engine: names of parameters, and the options that they stand for. */
export const engineOptions = {
  data_root: 'dataRoot',
  dockerd: 'dockerd',
  image_store: 'imageStore',
  storage: 'storage',
  storage_size: 'storageSizeBytes',
  bridge: 'bridge',
  registry_mirrors: 'registryMirrors',
  insecure_registries: 'insecureRegistries',
  config: 'configFile',
  concurrency: 'concurrency',
  timeout: 'timeoutMs',
  strict: 'strict',
  verbose: 'verbose',
} as const;

/** Whether root is wanted where the job's user can become it. */
export function sudoParameter(isDefault: boolean): OrbParameters {
  return {
    sudo: {
      type: 'boolean',
      description:
        'Run as root by sudo, where this job is not root and may use sudo without a password, as on the machine executor. Mounting needs root.',
      default: isDefault,
    },
  };
}
