import type { BlobStore } from '../blob-store.ts';
import { isDrayError, type DrayError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { throwIfAborted } from '../store/abort.ts';
import { manifestBlobs, type ContainedManifest } from './contents.ts';
import { documentsIn, readConfig } from './image-content.ts';
import type { PackedLayers } from './packed-layers.ts';

/** A blob that an image needs and the bundle lacks or holds only in part. */
export interface MissingBlob {
  readonly descriptor: Descriptor;
  /** Bytes present; undefined: the blob is missing. */
  readonly size: number | undefined;
  /** Why the blob's file could not be examined. */
  readonly error?: DrayError | undefined;
}

/**
 * The blobs that an image needs and the bundle lacks, except layers in a pack.
 * @throws DrayError when a config it needs cannot be read
 */
export async function missingBlobs(
  blobs: BlobStore,
  contained: ContainedManifest,
  packed: PackedLayers,
  signal?: AbortSignal,
): Promise<readonly MissingBlob[]> {
  const missing = await incompleteBlobs(blobs, manifestBlobs(contained), signal);
  if (missing.length === 0 || packed.size === 0) return missing;
  const replaced = await packedBlobs(blobs, contained, packed, missing, signal);
  return missing.filter(({ descriptor }) => !replaced.has(descriptor.digest));
}

/** The blobs among these that are missing or truncated. */
export async function incompleteBlobs(
  blobs: BlobStore,
  descriptors: readonly Descriptor[],
  signal?: AbortSignal,
): Promise<readonly MissingBlob[]> {
  const looked = await Promise.all(descriptors.map((descriptor) => look(blobs, descriptor, signal)));
  return looked.filter(({ descriptor, size }) => size !== descriptor.size);
}

async function look(
  blobs: BlobStore,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<MissingBlob> {
  try {
    return { descriptor, size: (await blobs.stat(descriptor.digest, signal))?.size };
  } catch (error) {
    throwIfAborted(signal, 'check the blobs of the bundle');
    if (!isDrayError(error)) throw error;
    return { descriptor, size: undefined, error };
  }
}

async function packedBlobs(
  blobs: BlobStore,
  { descriptor, manifest }: ContainedManifest,
  packed: PackedLayers,
  missing: readonly MissingBlob[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<Digest>> {
  if (manifest === undefined || missing.some((blob) => blob.descriptor.digest === manifest.config.digest)) {
    return new Set();
  }
  const what = `manifest ${descriptor.digest}`;
  const { diffIds } = await readConfig(manifest, documentsIn(blobs, signal), what);
  const layers = manifest.layers.filter((_, position) => {
    const diffId = diffIds[position];
    return diffId !== undefined && packed.has(diffId);
  });
  return new Set(layers.map(({ digest }) => digest));
}
