import { DrayError, isDrayError, reasonOf, type EngineInfo, type HelperContainers } from '@drayage/core';
import type { MountRequest, MountResult, Mounter } from '@drayage/core/bundle';
import type { EngineHost } from '@drayage/mount';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { engineEventLine } from '../output/engine-text.ts';
import { packTrust } from './pack-trust.ts';
import { openPrivateEngine } from './private-engine-client.ts';

/** What mounting needs in addition to the images. */
export interface MounterContext {
  readonly config: Config;
  readonly host: Host;
  /** Client of the configured engine. */
  readonly helpers: HelperContainers;
  /** Receives log lines. */
  readonly onLine: (line: string) => void;
}

/**
 * Mounts packs: into the running engine if its containerd store is reachable, else in a private engine.
 * `auto` starts a private engine only if the caller gets its address. Imports the implementation on demand.
 */
export function createMounter(context: MounterContext): Mounter {
  const { delivery, exportFile } = context.config;
  const startsEngine = delivery === 'mount' || exportFile !== undefined;
  return {
    startsEngine,
    warmUp() {
      void warmUp().catch(() => undefined);
    },
    async mount(request) {
      const { info } = request;
      if (info === undefined) return mountInOwn(context, request);
      try {
        return await mountLive(context, { ...request, info });
      } catch (error) {
        if (!startsEngine || !isDrayError(error, 'MOUNT_UNAVAILABLE')) throw error;
        context.onLine(`dray: starting a private engine: ${reasonOf(error)}`);
        return mountInOwn(context, request);
      }
    },
  };
}

async function warmUp(): Promise<void> {
  const { loadContainerdLibrary } = await import('@drayage/mount');
  await loadContainerdLibrary();
}

async function mountLive(
  context: MounterContext,
  request: MountRequest & { readonly info: EngineInfo },
): Promise<MountResult> {
  const { engine, info, images, packs, openBlob, signal } = request;
  if (info.imageStore !== 'containerd') throw wrongStore(info);
  const mount = await import('@drayage/mount');
  const engineHost = await openEngineHost(context, info, signal);
  try {
    const content = context.config.mountContent;
    await mount.mountLive({ engineHost, info, images, packs, openBlob, content, signal });
    return { way: 'live', engine };
  } finally {
    await engineHost.close();
  }
}

async function openEngineHost(
  { config, host, helpers, onLine }: MounterContext,
  info: EngineInfo,
  signal: AbortSignal | undefined,
): Promise<EngineHost> {
  const { createLocalEngineHost, createRemoteEngineHost } = await import('@drayage/mount');
  const remote = (): Promise<EngineHost> =>
    createRemoteEngineHost({ helpers, location: info.location, signal });
  if (config.reach === 'api') return remote();
  const onCopy = (message: string): void => onLine(`dray: ${message}`);
  try {
    return await createLocalEngineHost({ info, trust: { ...packTrust(config, host), onCopy }, signal });
  } catch (error) {
    if (config.reach === 'local' || !isDrayError(error, 'MOUNT_UNAVAILABLE')) throw error;
    return remote();
  }
}

async function mountInOwn(
  { config, host, onLine }: MounterContext,
  { images, packs, openBlob, signal }: MountRequest,
): Promise<MountResult> {
  const { startPrivateEngine } = await import('@drayage/private-engine');
  const { dataRoot, dockerd, imageStore, storage, storageSizeBytes, bridge } = config;
  const { registryMirrors, insecureRegistries } = config;
  const { dockerHost } = await startPrivateEngine({
    ...{ dataRoot, dockerd, imageStore, storage, storageSizeBytes, bridge },
    ...{ registryMirrors, insecureRegistries, signal },
    env: host.env,
    content: { images, packs, openBlob },
    trust: packTrust(config, host),
    openEngine: (place) => openPrivateEngine(place, host),
    onEvent: (event) => {
      onLine(engineEventLine(event));
    },
  });
  return { way: 'private', engine: await openPrivateEngine(dockerHost, host), dockerHost };
}

function wrongStore({ location, imageStore }: EngineInfo): DrayError {
  return new DrayError(
    'MOUNT_UNAVAILABLE',
    `cannot mount into engine at ${location}: its ${imageStore} image store does not accept layers while it runs`,
    { hint: 'Use --delivery mount or --export FILE, which start a private engine.' },
  );
}
