import type { OrbParameters } from './model.ts';

/** Parameters about a private engine, and the options that they set. */
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

/** Become root with sudo, if possible. */
export function sudoParameter(isDefault: boolean): OrbParameters {
  return {
    sudo: {
      type: 'boolean',
      description:
        'Run as root with sudo if the user is not root and sudo needs no password, as on the machine executor. Mounting needs root.',
      default: isDefault,
    },
  };
}
