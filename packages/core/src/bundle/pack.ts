import type { BlobStore } from '../blob-store.ts';
import { DrayError, isDrayError, reasonOf } from '../errors.ts';
import { distinctDescriptors, type Descriptor } from '../image/descriptor.ts';
import { digestOf, parseDigest } from '../image/digest.ts';
import { arrayMember, isObject, parseJsonObject, stringMember, type JsonObject } from '../image/json.ts';
import { parseDescriptor } from '../image/manifest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { printable } from '../redact.ts';
import { packArtifactType, packMediaTypes } from './pack-types.ts';
import type { Pack, PackFilesystem, PackedLayer } from './pack-types.ts';
import { readBlobBytes } from './image-content.ts';

/** A small blob and its bytes. */
export interface MadeDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

// More than any real bundle has.
const maxLayers = 10_000;

/** The two documents of a pack; deterministic. Pure. */
export function packDocuments(
  image: Descriptor,
  filesystem: PackFilesystem,
  layers: readonly PackedLayer[],
): { readonly config: MadeDocument; readonly manifest: MadeDocument } {
  const config = document(packMediaTypes.config, {
    version: 1,
    filesystem,
    layers: layers.map(({ diffId, size, tarSize, entries }) => ({ diffId, size, tarSize, entries })),
  });
  const manifest = document(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: packArtifactType,
    config: plain(config.descriptor),
    layers: [image, ...layers.map(({ tarSplit }) => tarSplit)].map(plain),
  });
  return { config, manifest };
}

/**
 * Reads a pack's manifest and config, but not the file system image or the tar-splits.
 * @throws DrayError `PACK_INVALID`, `BLOB_MISSING`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`; what the store throws
 */
export async function readPack(blobs: BlobStore, manifest: Descriptor, signal?: AbortSignal): Promise<Pack> {
  const what = `pack ${manifest.digest}`;
  const manifestBytes = await readBlobBytes(blobs, manifest, what, signal);
  const { config, layers } = inPack(what, () => parsePackManifest(manifestBytes, what));
  const configBytes = await readBlobBytes(blobs, config, `the config of ${what}`, signal);
  return inPack(what, () => {
    const [image, ...tarSplits] = layers;
    const { filesystem, layers: listed } = parsePackConfig(configBytes, what);
    if (image === undefined || tarSplits.length !== listed.length) {
      throw invalid(
        what,
        `it lists ${String(listed.length)} layers and ${String(tarSplits.length)} tar-splits`,
      );
    }
    if (image.mediaType !== packMediaTypes[filesystem])
      throw invalid(what, `its media type is not that of ${filesystem}`);
    return {
      manifest,
      config,
      image,
      filesystem,
      layers: listed.map((layer, position) => ({ ...layer, tarSplit: tarSplits[position] ?? image })),
    };
  });
}

/** Every blob of a pack, each digest once. */
export function packBlobs({ manifest, config, image, layers }: Pack): readonly Descriptor[] {
  const all = [manifest, config, image, ...layers.map(({ tarSplit }) => tarSplit)];
  return distinctDescriptors(all);
}

function parsePackManifest(
  bytes: Uint8Array,
  what: string,
): { readonly config: Descriptor; readonly layers: readonly Descriptor[] } {
  const object = parseJsonObject(bytes, what);
  return {
    config: parseDescriptor(object['config'], what),
    layers: arrayMember(object, 'layers', what).map((value) => parseDescriptor(value, what)),
  };
}

interface PackConfig {
  readonly filesystem: PackFilesystem;
  readonly layers: readonly Omit<PackedLayer, 'tarSplit'>[];
}

function parsePackConfig(bytes: Uint8Array, what: string): PackConfig {
  const object = parseJsonObject(bytes, what);
  const filesystem = stringMember(object, 'filesystem', what);
  if (object['version'] !== 1) throw invalid(what, 'it was made by a newer drayage');
  if (filesystem !== 'squashfs' && filesystem !== 'erofs') {
    throw invalid(what, `unknown file system ${printable(filesystem, 50)}`);
  }
  const layers = arrayMember(object, 'layers', what);
  if (layers.length > maxLayers) throw invalid(what, `it lists ${String(layers.length)} layers`);
  return { filesystem, layers: layers.map((value) => parsePackedLayer(value, what)) };
}

function parsePackedLayer(value: unknown, what: string): PackConfig['layers'][number] {
  if (!isObject(value)) throw invalid(what, 'a layer is not an object');
  return {
    diffId: parseDigest(stringMember(value, 'diffId', what), what),
    size: countMember(value, 'size', what),
    tarSize: countMember(value, 'tarSize', what),
    entries: countMember(value, 'entries', what),
  };
}

function countMember(object: JsonObject, name: string, what: string): number {
  const value = object[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(what, `${name} of a layer is not a count`);
}

function inPack<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isDrayError(error, 'MANIFEST_INVALID', 'DIGEST_INVALID')) throw error;
    throw invalid(what, reasonOf(error), error);
  }
}

function invalid(what: string, reason: string, cause?: unknown): DrayError {
  return new DrayError('PACK_INVALID', `cannot read ${what}: ${reason}`, {
    hint: 'Run "dray prepull --repack" to rebuild it.',
    cause,
  });
}

function document(mediaType: string, value: JsonObject): MadeDocument {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

function plain({ mediaType, digest, size }: Descriptor): JsonObject {
  return { mediaType, digest, size };
}
