import type { BlobStore } from '../blob-store.ts';
import type { LoadableImage } from '../engine.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { forPlatform, listedManifest, type ManifestChoice } from '../image/manifest-choice.ts';
import { selectManifest } from '../image/manifest.ts';
import type { Platform } from '../image/platform.ts';
import { entryName, type BundleEntry } from './bundle-index.ts';
import { documentsIn, readImageContent } from './image-content.ts';

/**
 * Reads and verifies an image, except its layers. `platform` decides when the entry names no manifest.
 * @throws DrayError as {@link readImageContent}, `PLATFORM_NOT_FOUND`; what the store throws
 */
export async function readImage(
  blobs: BlobStore,
  entry: BundleEntry,
  platform: Platform,
  signal?: AbortSignal,
): Promise<LoadableImage> {
  const what = entryLabel(entry);
  const { manifest: listed, reference } = entry;
  const choice =
    listed === undefined
      ? forPlatform(platform, what)
      : listedForPlatform(platform, listed, listedIn(blobs, listed, signal), what);
  const { target, targetBytes, innerIndexes, manifest, manifestBytes, config, configBytes, layers, diffIds } =
    await readImageContent(entry.target, { open: documentsIn(blobs, signal), what, choice });
  return {
    ...{ reference, target, targetBytes, innerIndexes, manifest, manifestBytes },
    ...{ config, configBytes, layers, diffIds },
  };
}

/** What messages call an entry: `image redis:7`. */
export function entryLabel(entry: BundleEntry): string {
  return `image ${entryName(entry)}`;
}

/** Finds a listed manifest through the indexes that are in a store. */
export function listedIn(
  blobs: BlobStore,
  listed: Descriptor,
  signal: AbortSignal | undefined,
): ManifestChoice {
  return listedManifest(listed, async ({ digest }) => (await blobs.stat(digest, signal)) !== undefined);
}

/** Refuses the listed manifest when it is known to be for another platform. */
function listedForPlatform(
  platform: Platform,
  listed: Descriptor,
  choice: ManifestChoice,
  what: string,
): ManifestChoice {
  if (listed.platform === undefined) return choice;
  return {
    ...choice,
    async candidates(index) {
      const entries = await choice.candidates(index);
      return entries.includes(listed)
        ? [selectManifest({ ...index, manifests: [listed] }, platform, what)]
        : entries;
    },
  };
}
