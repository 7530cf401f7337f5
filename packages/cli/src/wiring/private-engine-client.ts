import type { Engine } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';
import type { Host } from '../host.ts';

/** A client for an engine of our own, whatever the caller's environment says about others. */
export async function openPrivateEngine(
  dockerHost: string,
  { homeDir }: Pick<Host, 'homeDir'>,
): Promise<Engine> {
  return createDockerEngine({
    endpoint: await resolveEngineEndpoint({ host: dockerHost, env: {}, homeDir }),
  });
}
