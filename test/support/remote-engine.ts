import type { EngineInfo, Footholds } from '@drayage/core';
import { createRemoteReach, type RemoteReach } from '@drayage/mount';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';

import type { EngineInFolder } from './engine-process.ts';

/** An engine of which only the API is known. */
export interface KnownEngine {
  readonly footholds: Footholds;
  readonly info: EngineInfo;
}

/** Asks an engine who it is; all that is known of it is where it answers. */
export async function engineAt(host: string): Promise<KnownEngine> {
  const endpoint = await resolveEngineEndpoint({ host, env: {}, homeDir: '/nonexistent' });
  const footholds = createDockerEngine({ endpoint });
  return { footholds, info: await footholds.describe() };
}

/** The reach through its API alone; the caller closes it. */
export function openReach({ footholds, info }: KnownEngine): Promise<RemoteReach> {
  return createRemoteReach({ footholds, location: info.location });
}

/** The containers and images of an engine; what a helper must not leave. */
export async function leftIn(engine: Pick<EngineInFolder, 'docker'>): Promise<string> {
  const containers = await engine.docker(['ps', '--all', '--quiet', '--no-trunc']);
  const images = await engine.docker(['images', '--all', '--quiet', '--no-trunc']);
  return `${containers.stdout}${images.stdout}`.trim();
}
