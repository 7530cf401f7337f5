import type { ByteStream, Descriptor, Digest, LoadRequest } from '@drayage/core';
import { layerCompression, unzstd } from '@drayage/core/image';
import { blobPath, type ArchiveEntry } from './tar-bytes.ts';

/** An image, the layers to omit, and access to the others. */
export type LayerSource = Pick<LoadRequest, 'image' | 'omit' | 'openLayer'>;

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
 * A layer that every classic engine can read. Decompresses zstd, because engines before 23.0 know only gzip,
 * bzip2 and xz. A tar states an entry's size before its bytes, so such a layer is read twice: to count, then
 * to send; it is never buffered.
 */
export async function plainLayerEntry(
  layer: Descriptor,
  open: LayerSource['openLayer'],
): Promise<ArchiveEntry> {
  if (layerCompression(layer.mediaType) !== 'zstd') return layerEntry(layer, open);
  const openPlain = async (): Promise<ByteStream> => unzstd(await open(layer), `layer ${layer.digest}`);
  return { name: blobPath(layer.digest), size: await countBytes(await openPlain()), open: openPlain };
}

async function countBytes(bytes: ByteStream): Promise<number> {
  let size = 0;
  for await (const chunk of bytes) size += chunk.byteLength;
  return size;
}
