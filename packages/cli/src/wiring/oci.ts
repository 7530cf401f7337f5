import { createOciTransport, type OciTransport } from '@drayage/oci';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { handoverKey } from './handover-key.ts';
import { registryOptions } from './open-registry.ts';

/** The handover through a repository. @throws UsageError `USAGE`, `CONFIG_INVALID`, `VARIABLE_MISSING` */
export async function openOciTransport(url: string, config: Config, host: Host): Promise<OciTransport> {
  const warn = (message: string): void => {
    host.stderr.write(`dray: warning: ${message}\n`);
  };
  return createOciTransport({
    ...(await registryOptions(config, host, warn)),
    url,
    key: handoverKey(config),
  });
}
