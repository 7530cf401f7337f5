import type { Engine, HelperContainers, ImageSaver, Reference } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint, type RegistryAuth } from '@drayage/engine';
import type { Host } from '../host.ts';
import { helperWarning } from './helper-warning.ts';

/**
 * The engine that the docker client would use. Misconfiguration surfaces on the first call, like an
 * unreachable engine.
 */
export async function openEngine(host: Host): Promise<Engine & ImageSaver & HelperContainers> {
  const { env, homeDir } = host;
  const warnings = new Set<string>();
  const onHelperFailure = (error: Error): void => {
    const text = `dray: warning: ${helperWarning(error)}\n`;
    if (!warnings.has(text)) host.stderr.write(text);
    warnings.add(text);
  };
  // Only a pull needs credentials, and importing the registry client would dominate the start-up time of a
  // load.
  const authFor = async ({ registry, repository }: Reference): Promise<RegistryAuth | undefined> => {
    const { createCredentials, registryAuthOf } = await import('@drayage/registry');
    const credentials = createCredentials({ env, homeDir, onHelperFailure });
    return registryAuthOf(await credentials.find(registry, repository), registry);
  };
  try {
    return createDockerEngine({ endpoint: await resolveEngineEndpoint({ env, homeDir }), authFor });
  } catch (error) {
    return unavailableEngine(error);
  }
}

function unavailableEngine(reason: unknown): Engine & ImageSaver & HelperContainers {
  const fail = async (): Promise<never> => {
    throw reason;
  };
  return {
    describe: fail,
    inspect: fail,
    listChainIds: fail,
    load: fail,
    tag: fail,
    remove: fail,
    removeUnnamed: fail,
    pull: fail,
    checkRunnable: fail,
    checkUsable: fail,
    openHelperContainer: fail,
    save: fail,
  };
}
