import type { BlobStore } from '../blob-store.ts';
import type { LayerInPack, PackedLayers } from '../bundle/packed-layers.ts';
import type { LoadableImage } from '../engine.ts';
import { DrayError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { shortDigest, type Digest } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { convertManifestToOci } from '../image/converted-manifest.ts';

/** The source of a layer's bytes. */
export type LayerPlace =
  /** A blob, compressed as in the registry. */
  | { readonly kind: 'stored'; readonly descriptor: Descriptor }
  /** An uncompressed tar that an earlier `bundle unpack` made from a pack. */
  | { readonly kind: 'tar'; readonly descriptor: Descriptor }
  | { readonly kind: 'packed'; readonly descriptor: Descriptor; readonly source: LayerInPack };

/**
 * Finds the layers to send, by position.
 * @throws DrayError `PACK_INVALID` that lists the missing layers, when the bundle has packs but some layers
 * are neither stored nor packed
 */
export async function locateLayers(
  blobs: BlobStore,
  image: LoadableImage,
  omit: ReadonlySet<number>,
  packed: PackedLayers,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, LayerPlace>> {
  const places = new Map<number, LayerPlace>();
  const lacking: Digest[] = [];
  for (const [position, layer] of image.layers.entries()) {
    if (omit.has(position)) continue;
    const diffId = image.diffIds[position] ?? layer.digest;
    const place = await locateLayer(blobs, layer, diffId, packed, signal);
    if (place === undefined) lacking.push(diffId);
    else places.set(position, place);
  }
  if (lacking.length === 0) return places;
  throw new DrayError(
    'PACK_INVALID',
    `cannot load the image: the bundle has neither blobs nor packs of its layers ${lacking.map(shortDigest).join(', ')}`,
    { hint: 'Run the pre-pull again.', details: { diffIds: lacking } },
  );
}

async function locateLayer(
  blobs: BlobStore,
  layer: Descriptor,
  diffId: Digest,
  packed: PackedLayers,
  signal: AbortSignal | undefined,
): Promise<LayerPlace | undefined> {
  if ((await blobs.stat(layer.digest, signal)) !== undefined) return { kind: 'stored', descriptor: layer };
  const tar = await blobs.stat(diffId, signal);
  const source = packed.get(diffId);
  const size = tar?.size ?? source?.layer.tarSize;
  if (size === undefined) return packed.size === 0 ? { kind: 'stored', descriptor: layer } : undefined;
  const descriptor = { mediaType: mediaTypes.ociLayer, digest: diffId, size };
  if (tar !== undefined) return { kind: 'tar', descriptor };
  return source === undefined ? undefined : { kind: 'packed', descriptor, source };
}

/**
 * The image in loadable form: unchanged, or with the same config and a new manifest over the layers' tars. A
 * classic store sees no difference; a containerd store gives it another ID.
 */
export function loadableFrom(image: LoadableImage, places: ReadonlyMap<number, LayerPlace>): LoadableImage {
  const layers = image.layers.map((layer, position) => places.get(position)?.descriptor ?? layer);
  if (layers.every((layer, position) => layer.digest === image.layers[position]?.digest)) return image;
  const { descriptor, bytes } = convertManifestToOci({ config: image.config, layers });
  return {
    ...image,
    target: descriptor,
    targetBytes: bytes,
    innerIndexes: [],
    manifest: descriptor,
    manifestBytes: bytes,
    config: { ...image.config, mediaType: mediaTypes.ociConfig },
    layers,
  };
}
