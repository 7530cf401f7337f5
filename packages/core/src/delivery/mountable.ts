import type { BlobStore } from '../blob-store.ts';
import { entryName, type BundleEntry, type BundleIndex } from '../bundle/bundle-index.ts';
import type { Pack } from '../bundle/pack-types.ts';
import { hasRepeatedTree, packedLayers, packsFor, readPacks } from '../bundle/packed-layers.ts';
import type { PackedLayers } from '../bundle/packed-layers.ts';
import { readImage } from '../bundle/read-image.ts';
import type { LoadableImage } from '../engine.ts';
import { isDrayError, reasonOf } from '../errors.ts';
import { shortDigest } from '../image/digest.ts';
import type { Platform } from '../image/platform.ts';

export interface MountableRequest {
  /** That hold the index's manifests and the descriptions of its packs. */
  readonly blobs: BlobStore;
  readonly index: BundleIndex;
  /** Those of the index that are wanted and complete. */
  readonly entries: readonly BundleEntry[];
  readonly platform: Platform;
  /** An image that need not be mounted. */
  readonly isPresent?: ((image: LoadableImage) => Promise<boolean>) | undefined;
  /** Hears why something cannot be mounted. */
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface MountableImage {
  readonly name: string;
  readonly image: LoadableImage;
}

/** What can be mounted. */
export interface Mountable {
  /** That are in packs altogether. */
  readonly images: readonly MountableImage[];
  /** That these images need, each once. */
  readonly packs: readonly Pack[];
}

/**
 * Finds the images that the bundle's packs hold. An image that is broken is left out: the other ways of delivery meet it again, and tell it.
 * @throws DrayError `BUNDLE_INVALID`, `ABORTED`
 */
export async function findMountable(request: MountableRequest): Promise<Mountable> {
  const { blobs, index, warn, signal } = request;
  const onBroken = (_: unknown, error: unknown): void => {
    warn(reasonOf(error));
  };
  const layers = packedLayers(await readPacks(blobs, index.packs, { onBroken, signal }));
  const images: MountableImage[] = [];
  for (const entry of request.entries) {
    try {
      const image = await mountableImage(request, entry, layers);
      if (image !== undefined) images.push({ name: entryName(entry), image });
    } catch (error) {
      if (!isDrayError(error) || isDrayError(error, 'ABORTED')) throw error;
    }
  }
  const diffIds = images.flatMap(({ image }) => image.diffIds);
  return { images, packs: packsFor(diffIds, layers).packs };
}

async function mountableImage(
  { blobs, platform, isPresent, warn, signal }: MountableRequest,
  entry: BundleEntry,
  layers: PackedLayers,
): Promise<LoadableImage | undefined> {
  const image = await readImage(blobs, entry, platform, signal);
  if (await isPresent?.(image)) return undefined;
  const { lacking } = packsFor(image.diffIds, layers);
  const refused = `cannot mount ${entryName(entry)}`;
  if (hasRepeatedTree(image.diffIds, layers)) {
    warn(`${refused}: it has a layer twice, and an overlay takes none twice`);
    return undefined;
  }
  if (lacking.length === 0) return image;
  if (lacking.length < image.diffIds.length) {
    warn(`${refused}: no pack of the bundle has its layers ${lacking.map(shortDigest).join(', ')}`);
  }
  return undefined;
}
