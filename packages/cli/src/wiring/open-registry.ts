import { UsageError, isDrayError, printable, type Source, type TagSource } from '@drayage/core';
import { proxySettings } from '@drayage/http';
import {
  createCredentials,
  createRegistrySource,
  parseMirrors,
  type MirrorSettings,
  type RegistryOptions,
} from '@drayage/registry';
import type { Host } from '../host.ts';
import { expandText, placeName } from '../images/expand.ts';
import type { Config } from '../options/option.ts';
import { helperWarning } from './helper-warning.ts';
import { trustedCertificates } from './trusted-certificates.ts';

/**
 * How registries are reached: with the credentials, proxies and certificates that the docker client would
 * use, and the configured mirrors. Looks up credentials when a registry asks for a login, so logins by
 * preparation commands count.
 * @throws UsageError `CONFIG_INVALID` for an invalid certificate file, mirror or proxy, `VARIABLE_MISSING`
 */
export async function registryOptions(
  config: Config,
  host: Host,
  warn: (message: string) => void,
): Promise<RegistryOptions> {
  const { certsDir, insecureRegistries } = config;
  return {
    credentials: createCredentials({
      ...host,
      onHelperFailure: (error) => warn(helperWarning(error)),
    }),
    insecureRegistries,
    certsDir,
    proxy: proxySettings(host.env),
    mirrors: mirrorsOf(config, host),
    onMirrorFailure: ({ mirror, registry, repository, error }) => {
      warn(`skipped mirror ${mirror} of ${registry} for ${repository}: ${error.message}`);
    },
    userAgent: `drayage/${host.version}`,
    ca: await trustedCertificates(config, host),
  };
}

/** Registries as a source of images. @throws as {@link registryOptions} */
export async function openRegistry(
  config: Config,
  host: Host,
  warn: (message: string) => void,
  waiting: Pick<RegistryOptions, 'deadlineAt' | 'onWait'> = {},
): Promise<Source & TagSource> {
  return createRegistrySource({ ...(await registryOptions(config, host, warn)), ...waiting });
}

function mirrorsOf({ mirrors }: Config, { env }: Host): MirrorSettings {
  for (const mirror of mirrors) {
    const text = expandText(mirror, env);
    try {
      parseMirrors([text]);
    } catch (error) {
      if (!isDrayError(error, 'CONFIG_INVALID')) throw error;
      const place = printable(placeName(mirror.place));
      throw new UsageError('CONFIG_INVALID', `${place}: ${error.message}`, {
        cause: error,
        hint: error.hint,
      });
    }
  }
  return parseMirrors(mirrors.map((mirror) => expandText(mirror, env)));
}
