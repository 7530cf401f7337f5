import type { BlobStore } from '../blob-store.ts';
import { isDrayError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { throwIfAborted } from '../store/abort.ts';
import type { BundleIndex } from './bundle-index.ts';
import { entryManifests, manifestBlobs } from './contents.ts';
import { packBlobs, readPack } from './pack.ts';

/**
 * The blob sizes (bytes) that a bundle's index, manifests and packs state; the largest where they differ.
 * Ignores unreadable documents: the checks that need one report it.
 */
export async function knownSizes(
  blobs: BlobStore,
  { entries, packs }: BundleIndex,
  signal?: AbortSignal,
): Promise<ReadonlyMap<Digest, number>> {
  const sizes = new Map<Digest, number>();
  const add = (descriptors: readonly (Descriptor | undefined)[]): void => {
    for (const descriptor of descriptors) {
      if (descriptor === undefined) continue;
      sizes.set(descriptor.digest, Math.max(descriptor.size, sizes.get(descriptor.digest) ?? 0));
    }
  };
  for (const entry of entries) {
    add([entry.target, entry.manifest, entry.convertedManifest]);
    await whereReadable(signal, async () => {
      for (const contained of await entryManifests(blobs, entry, signal)) add(manifestBlobs(contained));
    });
  }
  for (const manifest of packs) {
    add([manifest]);
    await whereReadable(signal, async () => {
      add(packBlobs(await readPack(blobs, manifest, signal)));
    });
  }
  return sizes;
}

async function whereReadable(signal: AbortSignal | undefined, read: () => Promise<void>): Promise<void> {
  throwIfAborted(signal, 'read the manifests of the bundle');
  try {
    await read();
  } catch (error) {
    throwIfAborted(signal, 'read the manifests of the bundle');
    if (!isDrayError(error)) throw error;
  }
}
