import type { Digest } from '@drayage/core';
import type { PackedLayers } from '@drayage/core/bundle';
import { relinkLayers } from '../packs/layer-links.ts';
import { layerTree, type PlacedPack } from '../packs/pack-folder.ts';
import { listMountedPacks, mountPacks } from '../packs/pack-mounts.ts';
import { removeImagesOn } from './broken-images.ts';
import { drayageLabels, hasLabel, mountedLayerOf, type MountedLayer } from '../containerd/labels.ts';
import type { LiveEngine } from './live-engine.ts';

/** The result of repairing layers whose pack was not mounted. */
export interface Repair {
  /** Packs that were mounted again. */
  readonly mounted: readonly Digest[];
  /** chainIds of layers that now link into another pack. */
  readonly relinked: readonly string[];
  /** Names of images that were removed because a layer is in no pack at hand. */
  readonly removed: readonly string[];
}

/** The packs at hand, and how to place one on the engine's side. */
export interface PacksAtHand {
  readonly layers: PackedLayers;
  readonly place: (packs: readonly Digest[]) => Promise<readonly PlacedPack[]>;
  /** Releases everything kept for the mounts; do not place packs afterwards. */
  readonly release: () => Promise<void>;
}

/** Decides what to do about each broken layer. Pure. */
export function planRepair(
  broken: readonly MountedLayer[],
  layers: PackedLayers,
): {
  readonly mount: ReadonlySet<Digest>;
  readonly relink: readonly { readonly layer: MountedLayer; readonly pack: Digest }[];
  readonly lost: readonly MountedLayer[];
} {
  const atHand = new Set([...layers.values()].map(({ pack }) => pack.image.digest));
  const elsewhere = broken.filter(({ pack }) => !atHand.has(pack));
  const relink = elsewhere.flatMap((layer) => {
    const pack = layers.get(layer.diffId)?.pack.image.digest;
    return pack === undefined ? [] : [{ layer, pack }];
  });
  const kept = broken.filter(({ pack }) => atHand.has(pack)).map(({ pack }) => pack);
  return {
    mount: new Set([...kept, ...relink.map(({ pack }) => pack)]),
    relink,
    lost: elsewhere.filter(({ diffId }) => !layers.has(diffId)),
  };
}

/**
 * Repairs images whose packs are no longer mounted, as after a reboot: mounts the packs that are at hand,
 * finds layers in other packs, and removes the images of layers that no pack has.
 * @throws DrayError `CONTAINERD_API`, `MOUNT_FAILED`; errors of `place`
 */
export async function repairLayers(engine: LiveEngine, packs: PacksAtHand): Promise<Repair> {
  const { engineHost, client, folder, signal } = engine;
  const ours = (await client.snapshots.list(hasLabel(drayageLabels.pack))).flatMap(
    (snapshot) => mountedLayerOf(snapshot) ?? [],
  );
  if (ours.length === 0) return { mounted: [], relinked: [], removed: [] };
  const mounted = await listMountedPacks(engineHost, folder, signal);
  const broken = ours.filter(({ pack }) => !mounted.has(pack));
  const { mount, relink, lost } = planRepair(broken, packs.layers);
  await mountPacks(engineHost, folder, await packs.place([...mount]), signal);
  const links = relink.map(({ layer, pack }) => ({
    directory: layer.link,
    tree: layerTree(folder, pack, layer.diffId),
  }));
  await relinkLayers(engineHost, links, signal);
  for (const { layer, pack } of relink) {
    await client.snapshots.label(layer.chainId, { [drayageLabels.pack]: pack });
  }
  const removed =
    lost.length === 0
      ? []
      : await removeImagesOn(
          client,
          lost.map(({ chainId }) => chainId),
        );
  return { mounted: [...mount], relinked: relink.map(({ layer }) => layer.chainId), removed };
}
