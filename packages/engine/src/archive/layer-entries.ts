import { IntegrityError, reasonOf, systemErrorCode } from '@drayage/core';
import type { ByteStream, Descriptor, Digest, LoadRequest } from '@drayage/core';
import { gunzip, layerCompression, unzstd } from '@drayage/core/image';
import { blobPath, type ArchiveEntry } from './tar-bytes.ts';

/** An image, the layers to omit, and access to the others. */
export type LayerSource = Pick<LoadRequest, 'image' | 'omit' | 'openLayer' | 'plainSize'>;

/** The layers to send: those not omitted, each distinct digest once, bottom first. */
export function layersToSend({ image, omit }: Pick<LayerSource, 'image' | 'omit'>): readonly Descriptor[] {
  const distinct = new Map<Digest, Descriptor>();
  image.layers.forEach((layer, position) => {
    if (!omit.has(position) && !distinct.has(layer.digest)) distinct.set(layer.digest, layer);
  });
  return [...distinct.values()];
}

/** The digests that an archive omits altogether. */
export function omittedDigests(source: Pick<LayerSource, 'image' | 'omit'>): readonly Digest[] {
  const sent = new Set(layersToSend(source).map((layer) => layer.digest));
  return source.image.layers.map((layer) => layer.digest).filter((digest) => !sent.has(digest));
}

/** A layer as stored. */
export function layerEntry(layer: Descriptor, open: LayerSource['openLayer']): ArchiveEntry {
  return { name: blobPath(layer.digest), size: layer.size, open: () => open(layer) };
}

/**
 * A layer that every classic engine can read. Decompresses zstd, whatever the media type says, because
 * engines before 23.0 know only gzip, bzip2 and xz. A tar states an entry's size before its bytes, so such a
 * layer is read twice: to count, then to send; it is never buffered.
 */
export async function plainLayerEntry(
  layer: Descriptor,
  open: LayerSource['openLayer'],
): Promise<ArchiveEntry> {
  const isPlain = layerCompression(layer.mediaType) === 'none';
  if (isPlain || !(await isZstd(await open(layer)))) return layerEntry(layer, open);
  const openPlain = async (): Promise<ByteStream> => unzstd(await open(layer), `layer ${layer.digest}`);
  return { name: blobPath(layer.digest), size: await countBytes(await openPlain()), open: openPlain };
}

/**
 * A layer without its gzip compression, which this process undoes faster than an engine does. The size comes
 * from the gzip trailer: where that is wrong, reading the entry throws `SIZE_MISMATCH`. As stored if it is
 * not gzip or has no plausible size.
 */
export async function gunzippedLayerEntry(
  layer: Descriptor,
  { openLayer, plainSize }: LayerSource,
): Promise<ArchiveEntry | undefined> {
  if (layerCompression(layer.mediaType) !== 'gzip') return undefined;
  const size = await plainSize?.(layer);
  // Data that cannot be compressed grows a little. A smaller size is that of the last member, or over 4 GiB.
  if (size === undefined || size < layer.size * 0.9) return undefined;
  return {
    name: blobPath(layer.digest),
    size,
    open: async () => gunzipped(await openLayer(layer), layer),
  };
}

async function* gunzipped(bytes: ByteStream, { digest }: Descriptor): ByteStream {
  try {
    yield* gunzip(bytes);
  } catch (error) {
    if (systemErrorCode(error)?.startsWith('Z_') !== true) throw error;
    const message = `cannot decompress layer ${digest}: ${reasonOf(error)}`;
    throw new IntegrityError('SIZE_MISMATCH', message, { cause: error });
  }
}

/** Looks at the first bytes: a frame, or one to skip. @see RFC 8878, sections 3.1.1 and 3.1.2 */
async function isZstd(bytes: ByteStream): Promise<boolean> {
  let head = Buffer.alloc(0);
  for await (const chunk of bytes) {
    head = Buffer.concat([head, chunk]);
    if (head.byteLength >= 4) break;
  }
  if (head.byteLength < 4) return false;
  const magic = head.readUInt32LE();
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5;
}

async function countBytes(bytes: ByteStream): Promise<number> {
  let size = 0;
  for await (const chunk of bytes) size += chunk.byteLength;
  return size;
}
