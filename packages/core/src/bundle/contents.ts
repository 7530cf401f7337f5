import type { BlobStore } from '../blob-store.ts';
import { distinctDescriptors, type Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { checkDepth, findManifest } from '../image/manifest-choice.ts';
import type { Manifest, ManifestDocument } from '../image/manifest.ts';
import { isIndexType, isManifestType } from '../image/media-types.ts';
import type { BundleEntry } from './bundle-index.ts';
import { documentsIn, readManifest } from './image-content.ts';
import { entryLabel, listedIn } from './read-image.ts';

/** One manifest or inner index that an entry leads to, directly or through indexes. */
export interface ContainedManifest {
  readonly descriptor: Descriptor;
  /** The indexes that lead to it, outermost first. */
  readonly indexes: readonly Descriptor[];
  /** Undefined for an inner index, and when its blob is not in the bundle. */
  readonly manifest: Manifest | undefined;
}

/**
 * All manifests and inner indexes that an entry leads to, each digest once, including those that the bundle
 * lacks: an index names all platforms, a bundle holds one or some.
 * @throws DrayError `BLOB_MISSING` when the bundle lacks the entry's own target, `MANIFEST_INVALID` when the
 * indexes in the bundle do not lead to the entry's manifest; others as {@link readManifest}
 */
export async function entryManifests(
  blobs: BlobStore,
  entry: BundleEntry,
  signal?: AbortSignal,
): Promise<readonly ContainedManifest[]> {
  const what = entryLabel(entry);
  const open = documentsIn(blobs, signal);
  const found: ContainedManifest[] = [];
  const seen = new Set<Digest>();
  const walk = async (descriptor: Descriptor, indexes: readonly Descriptor[]): Promise<void> => {
    if (seen.has(descriptor.digest)) return;
    seen.add(descriptor.digest);
    const { mediaType } = descriptor;
    const isReadable = mediaType === '' || isManifestType(mediaType) || isIndexType(mediaType);
    const isTop = indexes.length === 0;
    if (!isTop && (!isReadable || (await blobs.stat(descriptor.digest, signal)) === undefined)) {
      found.push({ descriptor, indexes, manifest: undefined });
      return;
    }
    const { parsed } = await readManifest(descriptor, open, what);
    const manifest = parsed.kind === 'manifest' ? parsed : undefined;
    if (manifest !== undefined || !isTop) found.push({ descriptor, indexes, manifest });
    if (parsed.kind === 'manifest') return;
    const inner = [...indexes, descriptor];
    checkDepth(inner.length, what);
    for (const child of parsed.manifests) await walk(child, inner);
  };
  const { manifest } = entry;
  if (manifest === undefined || manifest.digest === entry.target.digest) await walk(entry.target, []);
  else await walk(manifest, await indexesAbove(blobs, entry, manifest, signal));
  return found;
}

/** The indexes that lead to the manifest that an entry lists, outermost first. */
async function indexesAbove(
  blobs: BlobStore,
  entry: BundleEntry,
  listed: Descriptor,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  const what = entryLabel(entry);
  // Who needs the target finds that it is missing.
  if ((await blobs.stat(entry.target.digest, signal)) === undefined) return [entry.target];
  const read = (index: Descriptor): Promise<ManifestDocument> =>
    readManifest(index, documentsIn(blobs, signal), what);
  const top = await read(entry.target);
  const choice = listedIn(blobs, listed, signal);
  return (await findManifest(top, { choice, read, what })).indexes.map(({ descriptor }) => descriptor);
}

/**
 * The blobs of one manifest or inner index: the indexes that lead to it, itself, config and layers, each
 * digest once.
 */
export function manifestBlobs({ descriptor, indexes, manifest }: ContainedManifest): readonly Descriptor[] {
  const all = [
    ...indexes,
    descriptor,
    ...(manifest === undefined ? [] : [manifest.config, ...manifest.layers]),
  ];
  return distinctDescriptors(all);
}
