import type { BlobStore } from '../blob-store.ts';
import type { LoadableImage } from '../engine.ts';
import { DrayError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { selectManifest, type Index } from '../image/manifest.ts';
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
  const choose = (index: Index): Descriptor => chooseManifest(index, entry, platform, what);
  const { reference, target: wanted } = entry;
  const { target, targetBytes, manifest, manifestBytes, config, configBytes, layers, diffIds } =
    await readImageContent(wanted, {
      ...{ open: documentsIn(blobs, signal), what, choose },
      wanted: entry.manifest === undefined ? platform : undefined,
    });
  return {
    ...{ reference, target, targetBytes, manifest, manifestBytes },
    ...{ config, configBytes, layers, diffIds },
  };
}

/** What messages call an entry: `image redis:7`. */
export function entryLabel(entry: BundleEntry): string {
  return `image ${entryName(entry)}`;
}

/** The manifest that the entry names, if the index lists it and it suits the platform. */
function chooseManifest(index: Index, entry: BundleEntry, platform: Platform, what: string): Descriptor {
  const { manifest: listed } = entry;
  if (listed === undefined) return selectManifest(index, platform, what);
  if (!index.manifests.some(({ digest }) => digest === listed.digest)) {
    throw new DrayError(
      'MANIFEST_INVALID',
      `cannot use ${what}: its index does not list manifest ${listed.digest}`,
    );
  }
  return listed.platform === undefined
    ? listed
    : selectManifest({ ...index, manifests: [listed] }, platform, what);
}
