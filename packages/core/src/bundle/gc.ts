import type { BlobStore } from '../blob-store.ts';
import type { Digest } from '../image/digest.ts';
import { removeAbandonedFiles } from '../store/abandoned-files.ts';
import { createDirectoryBlobStore } from '../store/directory-blob-store.ts';
import { createDirectoryDocumentStore } from '../store/directory-document-store.ts';
import { checkLayout } from '../store/layout.ts';
import { emptyIndex, readBundleIndex, type BundleIndex } from './bundle-index.ts';
import { checkNotBusy } from './busy.ts';
import { entryManifests, manifestBlobs } from './contents.ts';
import { packBlobs } from './pack.ts';
import { readPacks } from './packed-layers.ts';

export interface BundleCollection {
  /** Blobs without a reference, ordered by digest. */
  readonly removed: readonly Digest[];
  /** Unfinished files deleted because their writers have gone. */
  readonly partialsRemoved: number;
  /** Bytes of both. */
  readonly bytesFreed: number;
}

/**
 * Deletes the blobs that no image in the bundle in `dir` needs, and the unfinished files of dead writers.
 * Refuses while a pre-pull is writing: it stores a new image's blobs before the index lists them. Deletes
 * nothing when an image cannot be read.
 * @throws DrayError `BUNDLE_BUSY`, `BUNDLE_INVALID`, `BUNDLE_VERSION_UNSUPPORTED`, `BUNDLE_UNSAFE`,
 * `STORE_IO`; `DIGEST_MISMATCH` and the like for a damaged manifest
 */
export async function gcBundle(dir: string, signal?: AbortSignal): Promise<BundleCollection> {
  await checkLayout(dir);
  const blobs = createDirectoryBlobStore(dir);
  const documents = createDirectoryDocumentStore(dir);
  await checkNotBusy(dir, documents, { signal });
  const index = (await readBundleIndex(documents, signal)) ?? emptyIndex;
  const needed = await neededDigests(blobs, index, signal);
  const removed: Digest[] = [];
  let bytesFreed = 0;
  for await (const { digest, size } of blobs.list(signal)) {
    if (needed.has(digest)) continue;
    await blobs.delete(digest, signal);
    removed.push(digest);
    bytesFreed += size;
  }
  const partials = await removeAbandonedFiles(dir, signal);
  return { removed, partialsRemoved: partials.count, bytesFreed: bytesFreed + partials.bytes };
}

async function neededDigests(
  blobs: BlobStore,
  { entries, packs }: BundleIndex,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<Digest>> {
  const needed = new Set<Digest>();
  for (const entry of entries) {
    needed.add(entry.target.digest);
    const { convertedManifest } = entry;
    const ways = convertedManifest === undefined ? [entry] : [entry, { target: convertedManifest }];
    for (const way of ways) {
      for (const contained of await entryManifests(blobs, way, signal)) {
        for (const { digest } of manifestBlobs(contained)) needed.add(digest);
      }
    }
  }
  for (const pack of await readPacks(blobs, packs, { signal })) {
    for (const { digest } of packBlobs(pack)) needed.add(digest);
  }
  return needed;
}
