import type { Engine, HelperContainers, ImageSaver, Reference } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint, type RegistryAuth } from '@drayage/engine';
import type { Host } from '../host.ts';

/** The engine that the docker client would talk to. A wrong setting of it is told by the first call, as an engine that is not there is. */
export async function openEngine(host: Host): Promise<Engine & ImageSaver & HelperContainers> {
  const { env, homeDir } = host;
  // Only a pull needs credentials; the registry client would be most of what a load has to load.
  const authFor = async ({ registry, repository }: Reference): Promise<RegistryAuth | undefined> => {
    const { createCredentials, registryAuthOf } = await import('@drayage/registry');
    const credentials = createCredentials({ env, homeDir });
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
    pull: fail,
    checkRunnable: fail,
    checkUsable: fail,
    openHelperContainer: fail,
    save: fail,
  };
}
