import type { BlobStore } from '../blob-store.ts';
import { distinctDescriptors, type Descriptor } from '../image/descriptor.ts';
import type { Manifest } from '../image/manifest.ts';
import { isIndexType, isManifestType } from '../image/media-types.ts';
import type { BundleEntry } from './bundle-index.ts';
import { documentsIn, readManifest } from './image-content.ts';
import { entryLabel } from './read-image.ts';

/** One manifest that an entry leads to, directly or through indexes. */
export interface ContainedManifest {
  readonly descriptor: Descriptor;
  /** The indexes that lead to it, outermost first. */
  readonly indexes: readonly Descriptor[];
  /** Undefined when its blob is not in the bundle. */
  readonly manifest: Manifest | undefined;
}

// An index may list indexes, but no tool nests deeper. Digests cannot form a loop, but a hostile tree could
// be huge.
const maxDepth = 4;

/**
 * All manifests that an entry leads to, including those the bundle lacks: an index names all platforms, a
 * bundle holds one or some.
 * @throws DrayError `BLOB_MISSING` when the bundle lacks the entry's own target; others as
 * {@link readManifest}
 */
export async function entryManifests(
  blobs: BlobStore,
  entry: BundleEntry,
  signal?: AbortSignal,
): Promise<readonly ContainedManifest[]> {
  const what = entryLabel(entry);
  const found: ContainedManifest[] = [];
  const walk = async (descriptor: Descriptor, indexes: readonly Descriptor[]): Promise<void> => {
    const isReadable = isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType);
    const isTop = indexes.length === 0;
    if (!isTop && (!isReadable || (await blobs.stat(descriptor.digest, signal)) === undefined)) {
      found.push({ descriptor, indexes, manifest: undefined });
      return;
    }
    const { parsed } = await readManifest(descriptor, documentsIn(blobs, signal), what);
    if (parsed.kind === 'manifest') {
      found.push({ descriptor, indexes, manifest: parsed });
      return;
    }
    const inner = [...indexes, descriptor];
    for (const child of inner.length < maxDepth ? parsed.manifests : []) await walk(child, inner);
  };
  if (entry.manifest !== undefined && entry.manifest.digest !== entry.target.digest) {
    await walk(entry.manifest, [entry.target]);
  } else {
    await walk(entry.target, []);
  }
  return found;
}

/**
 * The blobs of one manifest: the indexes that lead to it, the manifest, config and layers, each digest once.
 */
export function manifestBlobs({ descriptor, indexes, manifest }: ContainedManifest): readonly Descriptor[] {
  const all = [
    ...indexes,
    descriptor,
    ...(manifest === undefined ? [] : [manifest.config, ...manifest.layers]),
  ];
  return distinctDescriptors(all);
}
