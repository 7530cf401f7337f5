import type { Engine, Reference } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';
import type { RegistryAuth } from '@drayage/engine';
import { createDockerConfigCredentials } from '@drayage/registry';
import type { Host } from '../host.ts';
import { dockerConfigPath } from './docker-config.ts';

/** The engine that the docker client would talk to. A wrong setting of it is told by the first call, as an engine that is not there is. */
export async function openEngine(host: Host): Promise<Engine> {
  const { env, homeDir } = host;
  try {
    const endpoint = await resolveEngineEndpoint({ env, homeDir });
    return createDockerEngine({ endpoint, authFor: (reference) => findAuth(reference, host) });
  } catch (error) {
    return unavailableEngine(error);
  }
}

async function findAuth({ registry }: Reference, host: Host): Promise<RegistryAuth | undefined> {
  const found = await createDockerConfigCredentials(dockerConfigPath(host)).find(registry);
  const serveraddress = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
  switch (found?.kind) {
    case 'basic':
      return { username: found.username, password: found.password, serveraddress };
    case 'identityToken':
      return { identitytoken: found.token, serveraddress };
    // The engine takes no token of a registry: it pulls without.
    case 'registryToken':
    case undefined:
      return undefined;
  }
}

function unavailableEngine(reason: unknown): Engine {
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
  };
}
