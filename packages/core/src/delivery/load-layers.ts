import type { ByteStream } from '../blob-store.ts';
import type { LayerInPack } from '../bundle/packed-layers.ts';
import type { LoadableImage } from '../engine.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { verifying } from '../store/verifying.ts';
import type { DeliveryContext } from './context.ts';
import { openPackedLayer, providePack } from './pack-access.ts';
import { openVerified, receive, totalSize } from './receive.ts';
import { loadableFrom, locateLayers, type LayerPlace } from './unpacked-image.ts';

/** The layers that one load sends. */
export interface LayersToLoad {
  /** How many of the lowest layers the engine has at the start. */
  readonly present: number;
  /** The first layer that no other load brings. */
  readonly from: number;
  /** Settles when the engine has all below `from`, or cannot get them. */
  readonly areThere?: Promise<void> | undefined;
}

/** Sends the layers from `from` on, and waits until the engine has loaded the image. */
export async function loadLayers(
  context: DeliveryContext,
  image: LoadableImage,
  name: string,
  { present, from, areThere }: LayersToLoad,
): Promise<{ readonly image: LoadableImage; readonly bytesSent: number }> {
  const packed = context.packs === undefined ? new Map<Digest, LayerInPack>() : context.packed;
  const blobs = context.handover.blobs;
  const places = await locateLayers(blobs, image, firstPositions(present), packed, context.signal);
  const loadable = loadableFrom(image, places);
  const toSend = Array.from(places).flatMap(([position, place]) => (position < from ? [] : [place]));
  const layers = toSend.map(({ descriptor }) => descriptor);
  const stored = toSend.filter(({ kind }) => kind !== 'packed');
  await receive(
    context,
    name,
    stored.map(({ descriptor }) => descriptor),
  );
  await provideUnpacked(context, name, toSend);
  const counts = { layers: image.layers.length - from, skipped: from };
  context.emit({ type: 'loading', reference: name, bytes: totalSize(layers), ...counts });
  const { bytesSent } = await context.engine.load({
    image: loadable,
    omit: firstPositions(from),
    openLayer: (layer) => openLayer(context, layer, toSend),
    plainSize: (layer) => gzipTrailerSize(context, layer, toSend),
    omittedAreThere: areThere,
    onProgress: (bytes) => {
      context.emit({ type: 'sent', reference: name, bytes });
    },
    signal: context.signal,
  });
  return { image: loadable, bytesSent };
}

function firstPositions(count: number): ReadonlySet<number> {
  return new Set(Array.from({ length: count }, (_, position) => position));
}

/**
 * The uncompressed size in the last four bytes of a stored layer: of its last member, modulo 4 GiB.
 * @see RFC 1952 section 2.3.1 "ISIZE"
 */
async function gzipTrailerSize(
  { local, signal }: DeliveryContext,
  layer: Descriptor,
  places: readonly LayerPlace[],
): Promise<number | undefined> {
  const place = places.find(({ descriptor }) => descriptor.digest === layer.digest);
  const trailerBytes = 4;
  if (place?.kind !== 'stored' || layer.size < trailerBytes) return undefined;
  const tail: ByteStream = await local.blobs.open(layer, { offset: layer.size - trailerBytes, signal });
  const chunks: Uint8Array[] = [];
  for await (const chunk of tail) chunks.push(chunk);
  const trailer = Buffer.concat(chunks);
  return trailer.length === trailerBytes ? trailer.readUInt32LE() : undefined;
}

/** Copies the packs to this node from which layers are rebuilt. */
async function provideUnpacked(
  context: DeliveryContext,
  name: string,
  places: readonly LayerPlace[],
): Promise<void> {
  const sources = places.flatMap((place) => (place.kind === 'packed' ? [place.source] : []));
  if (context.packs === undefined || sources.length === 0) return;
  for (const pack of new Set(sources.map((source) => source.pack))) {
    await providePack(context.packs, pack, (blobs) => receive(context, name, blobs), context.signal);
  }
  const bytes = sources.reduce((sum, { layer }) => sum + layer.tarSize, 0);
  context.emit({ type: 'unpacking', reference: name, layers: sources.length, bytes });
}

async function openLayer(
  context: DeliveryContext,
  layer: Descriptor,
  places: readonly LayerPlace[],
): Promise<ByteStream> {
  const place = places.find(({ descriptor }) => descriptor.digest === layer.digest);
  const { packs, local, signal } = context;
  if (place?.kind !== 'packed' || packs === undefined) return openVerified(context, layer);
  return verifying(openPackedLayer(packs, local, place.source, signal), layer, local.location);
}
