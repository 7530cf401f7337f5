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
  /** Holds the index's manifests and the documents of its packs. */
  readonly blobs: BlobStore;
  readonly index: BundleIndex;
  /** The wanted and complete entries of the index. */
  readonly entries: readonly BundleEntry[];
  readonly platform: Platform;
  /** True for an image that need not be mounted. */
  readonly isPresent?: ((image: LoadableImage) => Promise<boolean>) | undefined;
  /** Receives the reasons why images cannot be mounted. */
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface MountableImage {
  readonly name: string;
  readonly image: LoadableImage;
}

export interface Mountable {
  /** The images whose layers are all in packs. */
  readonly images: readonly MountableImage[];
  /** The packs that these images need, each once. */
  readonly packs: readonly Pack[];
}

/**
 * Finds the images that the bundle's packs contain. Skips a broken image: the other ways of delivery report
 * it.
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
    warn(`${refused}: it repeats a layer; overlayfs rejects duplicate lower directories`);
    return undefined;
  }
  if (lacking.length === 0) return image;
  if (lacking.length < image.diffIds.length) {
    warn(`${refused}: no pack of the bundle contains its layers ${lacking.map(shortDigest).join(', ')}`);
  }
  return undefined;
}
