import type { Digest, EngineInfo } from '@drayage/core';
import { packedLayers, type MountablePack } from '@drayage/core/bundle';
import { engineObstacle } from '@drayage/core/plan';
import { packFolder, type PlacedPack } from '../packs/pack-folder.ts';
import type { EngineHost } from '../engine-host/engine-host.ts';
import { mountUnavailable } from '../engine-host/unavailable.ts';
import { createContainerdClient, type ContainerdClient } from '../containerd/client.ts';
import type { PacksAtHand } from './repair.ts';

/** A running engine to mount into. */
export interface LiveEngine {
  readonly engineHost: EngineHost;
  readonly client: ContainerdClient;
  /** As in `docker info`. */
  readonly snapshotter: string;
  /** The directory of its mounted packs, on the engine's side. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** The engine of a sweep or a repair. */
export interface LiveUpkeepRequest {
  readonly engineHost: EngineHost;
  readonly info: EngineInfo;
  readonly signal?: AbortSignal | undefined;
}

const usualNamespace = 'moby';

/**
 * Connects to the containerd of a running engine; the caller closes `client`. `lease` is the ID of the lease
 * that keeps new content.
 * @throws DrayError `MOUNT_UNAVAILABLE` if its images are not in containerd's overlayfs snapshotter;
 * `CONTAINERD_API`
 */
export async function openLiveEngine(
  { engineHost, info, signal }: LiveUpkeepRequest,
  lease?: string,
): Promise<LiveEngine> {
  const obstacle = engineObstacle(info);
  if (obstacle !== undefined) {
    throw mountUnavailable(info.location, obstacle.reason, { hint: obstacle.remedy });
  }
  const snapshotter = info.storageDriver;
  const namespace = engineHost.namespace ?? info.containerd?.namespace ?? usualNamespace;
  const client = await createContainerdClient({ dialled: engineHost, namespace, snapshotter, lease, signal });
  try {
    return { engineHost, client, snapshotter, folder: packFolder((await client.server()).uuid), signal };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The packs of this node. Each is placed on the engine's side on demand, once. */
export function packsAtHand(
  engineHost: EngineHost,
  packs: readonly MountablePack[],
  signal: AbortSignal | undefined,
): PacksAtHand {
  const byDigest = new Map(packs.map((pack) => [pack.pack.image.digest, pack]));
  const placed = new Map<Digest, Promise<PlacedPack>>();
  const place = async (digest: Digest, mountable: MountablePack): Promise<PlacedPack> => {
    const file = await engineHost.placePack(mountable, signal);
    const { filesystem, layers } = mountable.pack;
    return { ...file, digest, filesystem, diffIds: layers.map(({ diffId }) => diffId) };
  };
  return {
    layers: packedLayers(packs.map(({ pack }) => pack)),
    place: (digests) =>
      Promise.all(
        [...new Set(digests)].flatMap((digest) => {
          const pack = byDigest.get(digest);
          if (pack === undefined) return [];
          const before = placed.get(digest) ?? place(digest, pack);
          placed.set(digest, before);
          return [before];
        }),
      ),
    release: async () => {
      for (const placing of placed.values()) {
        const file = await placing.catch(() => undefined);
        await file?.release();
      }
    },
  };
}
