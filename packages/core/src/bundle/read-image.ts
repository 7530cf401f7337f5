import type { BlobStore } from '../blob-store.ts';
import type { LoadableImage } from '../engine.ts';
import { DrayError, isDrayError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { checkLayerCount, parseImageConfig } from '../image/image-config.ts';
import { checkImageLayers, checkManifestSize, parseManifest, selectManifest } from '../image/manifest.ts';
import type { Index, Manifest } from '../image/manifest.ts';
import type { Platform } from '../image/platform.ts';
import { verifying } from '../store/verifying.ts';
import { entryName, type BundleEntry } from './bundle-index.ts';

/**
 * Everything but the layers of an image: the bytes of its index (if any), manifest and config, read and verified, and the descriptors of
 * its layers. `platform` decides where the entry leaves a choice.
 * @throws DrayError, naming the image: `BLOB_MISSING`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `MANIFEST_TOO_LARGE`, `MANIFEST_INVALID`,
 * `MEDIA_TYPE_UNSUPPORTED`, `SCHEMA1_UNSUPPORTED`, `PLATFORM_NOT_FOUND`; what the store throws
 */
export async function readImage(
  blobs: BlobStore,
  entry: BundleEntry,
  platform: Platform,
  signal?: AbortSignal,
): Promise<LoadableImage> {
  const what = entryLabel(entry);
  const { target } = entry;
  const targetBytes = await readBlobBytes(blobs, target, what, signal);
  const top = parseManifest(targetBytes, target.mediaType, what);
  const descriptor = top.kind === 'index' ? chooseManifest(top, entry, platform, what) : target;
  const manifestBytes =
    top.kind === 'index'
      ? await readBlobBytes(blobs, descriptor, `the manifest of ${what}`, signal)
      : targetBytes;
  const manifest = top.kind === 'index' ? parseImageManifest(manifestBytes, descriptor, what) : top;
  checkImageLayers(manifest, what);
  const configBytes = await readBlobBytes(blobs, manifest.config, `the config of ${what}`, signal);
  const config = parseImageConfig(configBytes, `the config of ${what}`);
  checkLayerCount(manifest, config, what);
  return {
    reference: entry.reference,
    target,
    targetBytes,
    manifest: descriptor,
    manifestBytes,
    config: manifest.config,
    configBytes,
    layers: manifest.layers,
    diffIds: config.diffIds,
  };
}

/**
 * The verified bytes of a small blob (a manifest, an index, a config). `what` names it in messages.
 * @throws DrayError `MANIFEST_TOO_LARGE` (over 4 MiB, nothing is read then), `BLOB_MISSING`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`
 */
export async function readBlobBytes(
  blobs: BlobStore,
  descriptor: Descriptor,
  what: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  checkManifestSize(descriptor.size, what);
  const chunks: Uint8Array[] = [];
  for await (const chunk of verifying(await openNamed(blobs, descriptor, what, signal), descriptor, what)) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What messages call an entry: `image redis:7`. */
export function entryLabel(entry: BundleEntry): string {
  return `image ${entryName(entry)}`;
}

async function openNamed(
  blobs: BlobStore,
  descriptor: Descriptor,
  what: string,
  signal: AbortSignal | undefined,
): ReturnType<BlobStore['open']> {
  try {
    return await blobs.open(descriptor, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!isDrayError(error, 'BLOB_MISSING')) throw error;
    throw new DrayError('BLOB_MISSING', `cannot read ${what}: blob ${descriptor.digest} is missing`, {
      cause: error,
      details: { digest: descriptor.digest },
    });
  }
}

/** What the bundle's maker chose counts, so long as the index has it and it suits the platform. */
function chooseManifest(index: Index, entry: BundleEntry, platform: Platform, what: string): Descriptor {
  const { manifest: listed } = entry;
  if (listed === undefined) return selectManifest(index, platform, what);
  if (!index.manifests.some(({ digest }) => digest === listed.digest)) {
    throw new DrayError(
      'MANIFEST_INVALID',
      `cannot use ${what}: its index does not list the manifest ${listed.digest}`,
    );
  }
  return listed.platform === undefined
    ? listed
    : selectManifest({ ...index, manifests: [listed] }, platform, what);
}

function parseImageManifest(bytes: Uint8Array, descriptor: Descriptor, what: string): Manifest {
  const parsed = parseManifest(bytes, descriptor.mediaType, `the manifest of ${what}`);
  if (parsed.kind === 'manifest') return parsed;
  throw new DrayError('MANIFEST_INVALID', `cannot use ${what}: its index leads to another index`);
}
