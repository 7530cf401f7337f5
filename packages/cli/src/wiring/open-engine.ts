import type { Engine, ImageSaver, Reference } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';
import type { RegistryAuth } from '@drayage/engine';
import { createCredentials, registryAuthOf } from '@drayage/registry';
import type { Host } from '../host.ts';

/** The engine that the docker client would talk to. A wrong setting of it is told by the first call, as an engine that is not there is. */
export async function openEngine(host: Host): Promise<Engine & ImageSaver> {
  const { env, homeDir } = host;
  const credentials = createCredentials({ env, homeDir });
  const authFor = async ({ registry }: Reference): Promise<RegistryAuth | undefined> =>
    registryAuthOf(await credentials.find(registry), registry);
  try {
    return createDockerEngine({ endpoint: await resolveEngineEndpoint({ env, homeDir }), authFor });
  } catch (error) {
    return unavailableEngine(error);
  }
}

function unavailableEngine(reason: unknown): Engine & ImageSaver {
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
    checkUsable: fail,
    save: fail,
  };
}
