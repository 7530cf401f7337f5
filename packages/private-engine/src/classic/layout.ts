import { hexOf } from '@drayage/core';
import { packedLayers } from '@drayage/core/bundle';
import type { Digest, LoadableImage } from '@drayage/core';
import type { MountablePack, PackedLayer } from '@drayage/core/bundle';
import { distributionEntries, imageEntries } from './image-entries.ts';
import { driverEntries, layerDatabaseEntries, stackedLayers } from './layer-entries.ts';
import type { LayoutEntry } from './layout-entry.ts';

/** Graph drivers with the same directory layout, which can use trees of packs. */
export type OverlayDriver = 'overlay2' | 'fuse-overlayfs';

/** Locates a layer. */
export type TreeOf = (diffId: Digest) => { readonly packed: PackedLayer; readonly tree: string };

export interface LayoutRequest {
  readonly driver: OverlayDriver;
  readonly images: readonly LoadableImage[];
  readonly packs: readonly MountablePack[];
  /** The mount point of a pack in the engine's mount namespace. */
  readonly mountPoint: (pack: MountablePack) => string;
}

export interface ClassicLayout {
  /** The contents of a data-root before its engine's first start. */
  readonly entries: readonly LayoutEntry[];
  /** The images of the request that the engine will have. */
  readonly images: readonly LoadableImage[];
  /** The images of the request that cannot use packs, each with the reason. */
  readonly refused: readonly { readonly image: LoadableImage; readonly reason: string }[];
}

/**
 * Decides the layout of a fresh data-root of the classic image store whose layers are trees of mounted packs.
 * Found out by tests with engines 20.10 to 28; unchanged since engine 1.10. Pure.
 * @see github.com/moby/moby, `layer/filestore.go`, `image/fs.go`, `reference/store.go`,
 * `daemon/graphdriver/overlay2`
 */
export function classicLayout({ driver, images, packs, mountPoint }: LayoutRequest): ClassicLayout {
  const layers = packedLayers(packs.map(({ pack }) => pack));
  const byImage = new Map(packs.map((entry) => [entry.pack.image.digest, mountPoint(entry)]));
  const reasons = images.map((image) => whyNot(image, (diffId) => layers.get(diffId)?.layer));
  const fit = images.filter((_, position) => reasons[position] === undefined);
  const treeOf: TreeOf = (diffId) => {
    const found = layers.get(diffId);
    if (found === undefined) throw new RangeError(`layer ${diffId} is in no pack`);
    const point = byImage.get(found.pack.image.digest) ?? '';
    return { packed: found.layer, tree: `${point}/${hexOf(diffId)}` };
  };
  const store = `image/${driver}`;
  return {
    entries: [
      { kind: 'directory', path: `${driver}/l` },
      ...stackedLayers(fit).flatMap((layer) => {
        const tree = treeOf(layer.diffId);
        return [...driverEntries(driver, layer, tree), ...layerDatabaseEntries(store, layer, tree)];
      }),
      ...distributionEntries(store, fit),
      ...imageEntries(store, fit),
    ],
    images: fit,
    refused: images.flatMap((image, position) => {
      const reason = reasons[position];
      return reason === undefined ? [] : [{ image, reason }];
    }),
  };
}

function whyNot(
  { diffIds }: LoadableImage,
  find: (diffId: Digest) => PackedLayer | undefined,
): string | undefined {
  const seen = new Set<Digest>();
  for (const diffId of diffIds) {
    const packed = find(diffId);
    if (packed === undefined) return `its layer ${diffId} is in no pack`;
    if (packed.entries > 0 && seen.has(diffId)) return `it repeats layer ${diffId}`;
    seen.add(diffId);
  }
  return undefined;
}
