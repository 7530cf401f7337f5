import { DrayError, familiarReference, isDrayError } from '@drayage/core';
import type { BlobStore, LoadableImage, Platform } from '@drayage/core';
import {
  checkLayout,
  checkPackRoot,
  emptyIndex,
  packedLayers,
  packsFor,
  readBundleIndex,
  readImage,
  readPacks,
} from '@drayage/core/bundle';
import type {
  BundleIndex,
  DirectoryTransport,
  MountablePack,
  Pack,
  PackRootLister,
  PackStore,
  PackedLayers,
} from '@drayage/core/bundle';
import { classicLayout, type LayoutEntry } from '@drayage/private-engine';
import { bakedMountPoint } from './baked-paths.ts';

export interface BakeSource {
  readonly bundle: DirectoryTransport;
  /** The pack store of that bundle. */
  readonly store: PackStore;
  /** Lists the root of a pack before it becomes part of an image. */
  readonly packRoots: PackRootLister;
  readonly platform: Platform;
  readonly signal?: AbortSignal | undefined;
}

/** The contents of a baked image. */
export interface BakeContent {
  readonly images: readonly LoadableImage[];
  /** The packs that the images need, oldest first; their files are proven. */
  readonly packs: readonly MountablePack[];
  /** The files and links of the data-root. */
  readonly entries: readonly LayoutEntry[];
  readonly blobs: BlobStore;
}

/**
 * Reads all images of a bundle and proves the packs that they need.
 * @throws DrayError `NOT_AVAILABLE` if the bundle has no images; `PACK_INVALID` with the list if packs lack
 * layers of an image or contain anything but layers; errors of reading a bundle
 */
export async function readBakeContent(source: BakeSource): Promise<BakeContent> {
  const { store, platform, signal } = source;
  const { location: bundle, blobs, documents } = source.bundle;
  await checkLayout(bundle);
  const index = (await readBundleIndex(documents, signal)) ?? emptyIndex;
  checkIndex(bundle, index);
  const layers = packedLayers(await readPacks(blobs, index.packs, { signal }));
  const images: LoadableImage[] = [];
  for (const entry of index.entries) images.push(await readImage(blobs, entry, platform, signal));
  checkLayers(bundle, images, layers);
  const packs: MountablePack[] = [];
  for (const pack of packsFor(
    images.flatMap(({ diffIds }) => diffIds),
    layers,
  ).packs) {
    const proven = await store.prove(pack.image, signal);
    await checkRoot(source, pack);
    packs.push({ pack, file: store.fileOf(pack.image.digest), proven });
  }
  const layout = classicLayout({
    driver: 'overlay2',
    images,
    packs,
    mountPoint: ({ pack }) => bakedMountPoint(pack),
  });
  if (layout.refused.length > 0) {
    const reasons = layout.refused.map(({ image, reason }) => `${nameOf(image)}: ${reason}`);
    throw cannotBake(bundle, reasons.join('; '), 'Leave the image out of the bundle.');
  }
  return { images, packs, entries: layout.entries, blobs };
}

/**
 * Skips the check if no program here can list the pack: the image's entry point checks the root again before
 * it lays out a data-root.
 */
async function checkRoot({ store, packRoots, signal }: BakeSource, { image, ...pack }: Pack): Promise<void> {
  try {
    const entries = await packRoots.listRoot(store.fileOf(image.digest), pack.filesystem, signal);
    const diffIds = pack.layers.map(({ diffId }) => diffId);
    checkPackRoot({ pack: image.digest, entries, diffIds });
  } catch (error) {
    if (!isDrayError(error, 'PACK_TOOL_MISSING')) throw error;
  }
}

function checkIndex(bundle: string, { entries, packs }: BundleIndex): void {
  if (entries.length === 0) {
    throw new DrayError('NOT_AVAILABLE', `cannot bake ${bundle}: it contains no images`, {
      hint: 'Fill it with "dray prepull --form packs IMAGE…".',
    });
  }
  if (packs.length === 0)
    throw cannotBake(bundle, 'it contains no packs', 'Run "dray prepull --form packs" again.');
}

function checkLayers(bundle: string, images: readonly LoadableImage[], layers: PackedLayers): void {
  const lacking = images.flatMap((image) => {
    const missing = packsFor(image.diffIds, layers).lacking;
    return missing.length === 0 ? [] : [`${nameOf(image)} needs ${missing.join(', ')}`];
  });
  if (lacking.length === 0) return;
  throw cannotBake(
    bundle,
    `some layers are in no pack: ${lacking.join('; ')}`,
    'Run "dray prepull --form packs" for these images, or leave them out of the bundle.',
  );
}

function nameOf({ reference, target }: LoadableImage): string {
  return reference === undefined ? target.digest : familiarReference(reference);
}

function cannotBake(bundle: string, reason: string, hint: string): DrayError {
  return new DrayError('PACK_INVALID', `cannot bake ${bundle}: ${reason}`, { hint });
}
