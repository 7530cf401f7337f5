import type { Source } from '@drayage/core';
import { createDockerConfigCredentials, createRegistrySource, readCertificates } from '@drayage/registry';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { dockerConfigPath } from './docker-config.ts';

/** Registries, with the credentials of the docker configuration file. @throws UsageError `CONFIG_INVALID` for a certificate file that is none */
export async function openRegistry(config: Config, host: Host): Promise<Source> {
  const { caFile, insecureRegistries } = config;
  return createRegistrySource({
    credentials: createDockerConfigCredentials(dockerConfigPath(host)),
    insecureRegistries,
    userAgent: `drayage/${host.version}`,
    ...(caFile === undefined ? {} : { ca: await readCertificates(caFile) }),
  });
}
