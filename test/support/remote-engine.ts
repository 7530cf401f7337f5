import type { EngineInfo, HelperContainers } from '@drayage/core';
import { createRemoteEngineHost, type RemoteEngineHost } from '@drayage/mount';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';

import type { EngineInFolder } from './engine-process.ts';

/** An engine of which only the API is known. */
export interface KnownEngine {
  readonly helpers: HelperContainers;
  readonly info: EngineInfo;
}

/** Asks an engine who it is; all that is known of it is where it answers. */
export async function engineAt(host: string): Promise<KnownEngine> {
  const endpoint = await resolveEngineEndpoint({ host, env: {}, homeDir: '/nonexistent' });
  const helpers = createDockerEngine({ endpoint });
  return { helpers, info: await helpers.describe() };
}

/** Access only through the engine's API; the caller closes it. */
export function openEngineHost({ helpers, info }: KnownEngine): Promise<RemoteEngineHost> {
  return createRemoteEngineHost({ helpers, location: info.location });
}

/** The containers and images of an engine; what a helper must not leave. */
export async function leftIn(engine: Pick<EngineInFolder, 'docker'>): Promise<string> {
  const containers = await engine.docker(['ps', '--all', '--quiet', '--no-trunc']);
  const images = await engine.docker(['images', '--all', '--quiet', '--no-trunc']);
  return `${containers.stdout}${images.stdout}`.trim();
}
