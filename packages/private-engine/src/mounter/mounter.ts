import { DrayError, type Engine, type EngineInfo, type HelperContainers } from '@drayage/core';
import type { MountRequest, MountWay, Mounter, StartedEngine } from '@drayage/core/bundle';
import { createLocalEngineHost, createRemoteEngineHost, loadContainerdLibrary } from '@drayage/mount';
import { mountLive, type EngineHost, type LayerContent, type PackTrust } from '@drayage/mount';
import { startBesideEngine, type BesideOptions } from '../beside/start-relay.ts';
import type { PrivateEngineOptions } from '../engine/options.ts';
import { startPrivateEngine } from '../engine/start.ts';

export interface MounterOptions {
  /** Starts helper containers in the engine that was asked for. */
  readonly helpers: HelperContainers;
  /** What a running engine stores besides the mounted layers. */
  readonly layerContent: LayerContent;
  readonly trust: PackTrust;
  /** For a private engine. */
  readonly privateEngine: Omit<PrivateEngineOptions, 'content' | 'trust' | 'openEngine' | 'signal'>;
  /** For an engine beside the running one. */
  readonly beside: Omit<BesideOptions, 'location' | 'content' | 'signal'>;
  /** A client for a private engine. */
  readonly openEngine: (dockerHost: string) => Promise<Engine>;
}

/** Mounts packs into the running engine, or into another engine that it starts. `decideWay` chooses. */
export function createMounter(options: MounterOptions): Mounter {
  return {
    warmUp() {
      void loadContainerdLibrary().catch(() => undefined);
    },
    async mount(way, request) {
      if (way === 'mount-private') return mountPrivate(options, request);
      const { info } = request;
      if (info === undefined) throw noEngine(way);
      if (way === 'mount-beside') return mountBeside(options, { ...request, info });
      await mountRunning(options, way, { ...request, info });
      return undefined;
    },
  };
}

type RunningWay = Exclude<MountWay, 'mount-private' | 'mount-beside'>;

type RunningRequest = MountRequest & { readonly info: EngineInfo };

async function mountRunning(
  options: MounterOptions,
  way: RunningWay,
  request: RunningRequest,
): Promise<void> {
  const engineHost = await openEngineHost(options, way, request);
  try {
    await mountLive({ ...request, engineHost, content: options.layerContent });
  } finally {
    await engineHost.close();
  }
}

function openEngineHost(
  { helpers, trust }: MounterOptions,
  way: RunningWay,
  { info, signal }: RunningRequest,
): Promise<EngineHost> {
  if (way === 'mount-local') return createLocalEngineHost({ info, trust, signal });
  return createRemoteEngineHost({ helpers, location: info.location, signal });
}

async function mountPrivate(
  { privateEngine, trust, openEngine }: MounterOptions,
  { images, packs, openBlob, signal }: MountRequest,
): Promise<StartedEngine> {
  const content = { images, packs, openBlob };
  const started = await startPrivateEngine({ ...privateEngine, trust, openEngine, content, signal });
  return { engine: await openEngine(started.dockerHost), dockerHost: started.dockerHost };
}

async function mountBeside(
  { beside, openEngine }: MounterOptions,
  { info, images, packs, openBlob, signal }: RunningRequest,
): Promise<StartedEngine> {
  const content = { images, packs, openBlob };
  const { dockerHost } = await startBesideEngine({ ...beside, location: info.location, content, signal });
  return { engine: await openEngine(dockerHost), dockerHost };
}

function noEngine(way: MountWay): DrayError {
  return new DrayError('MOUNT_UNAVAILABLE', `cannot mount packs by ${way}: no engine answers`, {
    hint: 'Use --delivery mount or --export FILE, which start a private engine.',
  });
}
