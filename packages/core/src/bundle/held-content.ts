import type { BlobStore } from '../blob-store.ts';
import { isDrayError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { throwIfAborted } from '../store/abort.ts';
import type { DocumentStore } from '../transport.ts';
import { emptyIndex, readBundleIndex, type BundleEntry } from './bundle-index.ts';
import { entryManifests, manifestBlobs, type ContainedManifest } from './contents.ts';
import { documentsIn, readConfig } from './image-content.ts';
import { entryLabel } from './read-image.ts';

/** The content of a bundle, indexed by digest instead of by name. */
export interface HeldContent {
  /** The layers whose blobs are present, by diffId. */
  readonly layers: ReadonlyMap<Digest, Descriptor>;
  /** The complete images, in the order of the index. */
  readonly images: readonly HeldImage[];
}

export interface HeldImage {
  /** An entry with a manifest. */
  readonly entry: BundleEntry & { readonly manifest: Descriptor };
  /** The indexes between the entry's target and its manifest, outermost first. */
  readonly innerIndexes: readonly Descriptor[];
  readonly config: Descriptor;
  /** Bottom first. */
  readonly layers: readonly Descriptor[];
}

/**
 * Reads the manifests and configs of a bundle, but no layers. Skips images that cannot be read.
 * @throws DrayError `BUNDLE_INVALID`, `BUNDLE_VERSION_UNSUPPORTED`, `STORE_IO`, `ABORTED`
 */
export async function readHeldContent(
  { blobs, documents }: { readonly blobs: BlobStore; readonly documents: DocumentStore },
  signal?: AbortSignal,
): Promise<HeldContent> {
  const { entries } = (await readBundleIndex(documents, signal)) ?? emptyIndex;
  const layers = new Map<Digest, Descriptor>();
  const images: HeldImage[] = [];
  for (const entry of entries) {
    throwIfAborted(signal, 'read the contents of the bundle');
    for (const contained of await readableManifests(blobs, entry, signal)) {
      const found = await readContained(blobs, entry, contained, signal);
      for (const [diffId, layer] of found?.layersByDiffId ?? []) {
        if (!layers.has(diffId)) layers.set(diffId, layer);
      }
      if (found?.image !== undefined) images.push(found.image);
    }
  }
  return { layers, images };
}

async function readableManifests(
  blobs: BlobStore,
  entry: BundleEntry,
  signal: AbortSignal | undefined,
): Promise<readonly ContainedManifest[]> {
  try {
    return await entryManifests(blobs, entry, signal);
  } catch (error) {
    throwUnlessOfImage(error, signal);
    return [];
  }
}

interface FoundImage {
  readonly layersByDiffId: ReadonlyMap<Digest, Descriptor>;
  /** Undefined when one of its blobs is missing. */
  readonly image: HeldImage | undefined;
}

async function readContained(
  blobs: BlobStore,
  entry: BundleEntry,
  contained: ContainedManifest,
  signal: AbortSignal | undefined,
): Promise<FoundImage | undefined> {
  const { manifest, descriptor } = contained;
  if (manifest === undefined) return undefined;
  try {
    const { diffIds } = await readConfig(manifest, documentsIn(blobs, signal), entryLabel(entry));
    const layersByDiffId = new Map<Digest, Descriptor>();
    for (const [position, layer] of manifest.layers.entries()) {
      const diffId = diffIds[position];
      if (diffId !== undefined && (await isThere(blobs, layer, signal))) layersByDiffId.set(diffId, layer);
    }
    const { convertedManifest } = entry;
    const all = [
      ...manifestBlobs(contained),
      ...(convertedManifest === undefined ? [] : [convertedManifest]),
    ];
    const isWhole = await areThere(blobs, all, signal);
    const named = { ...entry, manifest: entry.manifest ?? descriptor };
    const innerIndexes = contained.indexes.slice(1);
    const image = { entry: named, innerIndexes, config: manifest.config, layers: manifest.layers };
    return { layersByDiffId, image: isWhole ? image : undefined };
  } catch (error) {
    throwUnlessOfImage(error, signal);
    return undefined;
  }
}

async function areThere(
  blobs: BlobStore,
  descriptors: readonly Descriptor[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (const descriptor of descriptors) {
    if (!(await isThere(blobs, descriptor, signal))) return false;
  }
  return true;
}

async function isThere(
  blobs: BlobStore,
  { digest, size }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return (await blobs.stat(digest, signal))?.size === size;
}

/** Rethrows an error that concerns more than one image. */
function throwUnlessOfImage(error: unknown, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true || !isDrayError(error) || isDrayError(error, 'STORE_IO')) throw error;
}
