import type { Engine } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';
import type { Host } from '../host.ts';

/** A client for a private engine; ignores the caller's DOCKER_… variables. */
export async function openPrivateEngine(
  dockerHost: string,
  { homeDir }: Pick<Host, 'homeDir'>,
): Promise<Engine> {
  return createDockerEngine({
    endpoint: await resolveEngineEndpoint({ host: dockerHost, env: {}, homeDir }),
  });
}
