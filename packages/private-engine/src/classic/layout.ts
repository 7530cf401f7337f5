import { hexOf } from '@drayage/core';
import { packedLayers } from '@drayage/core/bundle';
import type { Digest, LoadableImage } from '@drayage/core';
import type { MountablePack, PackedLayer } from '@drayage/core/bundle';
import { distributionEntries, imageEntries } from './image-entries.ts';
import { driverEntries, layerDatabaseEntries, stackedLayers } from './layer-entries.ts';
import type { LayoutEntry } from './layout-entry.ts';

/** Graph drivers whose directories look the same, and can stand on the trees of a pack. */
export type OverlayDriver = 'overlay2' | 'fuse-overlayfs';

/** Where a layer is. */
export type TreeOf = (diffId: Digest) => { readonly packed: PackedLayer; readonly tree: string };

export interface LayoutRequest {
  readonly driver: OverlayDriver;
  readonly images: readonly LoadableImage[];
  readonly packs: readonly MountablePack[];
  /** Where a pack is mounted, as the engine will see it. */
  readonly mountPoint: (pack: MountablePack) => string;
}

export interface ClassicLayout {
  /** Everything that a data-root has before the first start of its engine. */
  readonly entries: readonly LayoutEntry[];
  /** Of the request; an engine will show them. */
  readonly images: readonly LoadableImage[];
  /** Of the request; they cannot stand on packs, with the reason for each. */
  readonly refused: readonly { readonly image: LoadableImage; readonly reason: string }[];
}

/**
 * Decides how a fresh data-root of the classic image store looks whose layers are trees of mounted packs. What engines 20.10 to 28 read there
 * was found out with them; it has not changed since engine 1.10. Pure.
 * @see github.com/moby/moby, `layer/filestore.go`, `image/fs.go`, `reference/store.go`, `daemon/graphdriver/overlay2`
 */
export function classicLayout({ driver, images, packs, mountPoint }: LayoutRequest): ClassicLayout {
  const layers = packedLayers(packs.map(({ pack }) => pack));
  const byImage = new Map(packs.map((entry) => [entry.pack.image.digest, mountPoint(entry)]));
  const reasons = images.map((image) => whyNot(image, (diffId) => layers.get(diffId)?.layer));
  const fit = images.filter((_, position) => reasons[position] === undefined);
  const treeOf: TreeOf = (diffId) => {
    const found = layers.get(diffId);
    if (found === undefined) throw new RangeError(`no pack holds ${diffId}`);
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
    if (packed === undefined) return `no pack holds its layer ${diffId}`;
    if (packed.entries > 0 && seen.has(diffId)) return `it has the layer ${diffId} twice`;
    seen.add(diffId);
  }
  return undefined;
}
