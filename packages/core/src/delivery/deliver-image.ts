import type { ByteStream } from '../blob-store.ts';
import { readImage } from '../bundle/read-image.ts';
import { entryName, type BundleEntry } from '../bundle/bundle-index.ts';
import type { LayerInPack, PackedLayers } from '../bundle/packed-layers.ts';
import type { Engine, EngineInfo, LoadableImage } from '../engine.ts';
import { EngineError, isDrayError, reasonOf } from '../errors.ts';
import { summarizeError } from '../error-summary.ts';
import { copyBlobs } from '../handover/copy.ts';
import type { Pool } from '../handover/pool.ts';
import { chainIds } from '../image/chain-id.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { imageDocuments } from '../image/image-content.ts';
import { familiarReference, type Reference } from '../image/reference.ts';
import { verifying } from '../store/verifying.ts';
import type { Transport } from '../transport.ts';
import type { DeliveryEvent } from './events.ts';
import { isThere } from './is-there.ts';
import { openPackedLayer, providePack, type PackAccess } from './pack-access.ts';
import type { DeliveryKind, LayerCounts, DeliveryImageReport } from './report.ts';
import { expectedEngineImageId, isSameImage } from './thin-plan.ts';
import { loadableFrom, locateLayers, type LayerPlace } from './unpacked-image.ts';

/** A store of a bundle's blobs; `location` names it in messages. */
export type BlobLocation = Pick<Transport, 'location' | 'blobs' | 'sweep'>;

/** The state shared by all steps of a delivery. */
export interface DeliveryRun {
  /** The source of the blobs. */
  readonly handover: BlobLocation;
  /** Keeps blobs on this node; equals `handover` when there is no handover. */
  readonly local: BlobLocation;
  readonly pool: Pool;
  /** Provides layers that are only in packs; undefined: they count as missing. */
  readonly packs: PackAccess | undefined;
  readonly emit: (event: DeliveryEvent) => void;
  readonly signal: AbortSignal | undefined;
}

/** A delivery into one engine. */
export interface DeliveryContext extends DeliveryRun {
  readonly engine: Engine;
  readonly info: EngineInfo;
  /** The layers of the bundle's packs. */
  readonly packed: PackedLayers;
  /** ChainIds in the engine, listed on first use; every delivery adds to the set. */
  readonly knownChainIds: () => Promise<Set<Digest>>;
}

/** An image of the bundle, after a look into the engine. */
export interface PreparedImage {
  readonly entry: BundleEntry;
  readonly reference: string;
  readonly startedAt: number;
  readonly image?: LoadableImage | undefined;
  /** The report, if nothing is left to do. */
  readonly report?: DeliveryImageReport | undefined;
}

/** Reads an image, and names it if the engine has it already. The report states a failure. */
export async function prepareImage(context: DeliveryContext, entry: BundleEntry): Promise<PreparedImage> {
  const begun = { entry, reference: entryName(entry), startedAt: performance.now() };
  let image: LoadableImage | undefined;
  try {
    image = await readImage(context.handover.blobs, entry, context.info.platform);
    const done = await findPresent(context, image);
    if (done === undefined) return { ...begun, image };
    await ensureDigestName(context, image);
    return { ...begun, image, report: reportOf({ ...begun, image }, done) };
  } catch (error) {
    return { ...begun, image, report: reportOf({ ...begun, image }, nothingDone, error) };
  }
}

/**
 * Loads one image into the engine, and checks it there. The report states a failure. `lower` are the layers
 * that other loads bring: the engine has them once it resolves.
 */
export async function deliverImage(
  context: DeliveryContext,
  prepared: PreparedImage & { readonly image: LoadableImage },
  lower: LowerLayers,
): Promise<DeliveryImageReport> {
  const { image, reference } = prepared;
  try {
    const done = await loadImage(context, image, reference, lower);
    await ensureDigestName(context, image);
    return reportOf(prepared, done);
  } catch (error) {
    return reportOf(prepared, nothingDone, error);
  }
}

function reportOf(
  { reference, image, startedAt }: Omit<PreparedImage, 'entry'>,
  done: Delivered,
  failure?: unknown,
): DeliveryImageReport {
  return {
    reference,
    ...(image === undefined
      ? {}
      : { configDigest: image.config.digest, manifestDigest: image.manifest.digest }),
    ...done,
    ms: Math.round(performance.now() - startedAt),
    ...(failure === undefined ? {} : { error: summarizeError(failure) }),
  };
}

interface Delivered {
  readonly delivery: DeliveryKind;
  readonly layers: LayerCounts;
  readonly bytesSent: number;
}

const nothingDone: Delivered = {
  delivery: 'none',
  layers: { total: 0, sent: 0, skipped: 0 },
  bytesSent: 0,
};

async function findPresent(context: DeliveryContext, image: LoadableImage): Promise<Delivered | undefined> {
  const { engine, info, signal } = context;
  const present: Delivered = {
    delivery: 'present',
    layers: { total: image.layers.length, sent: 0, skipped: image.layers.length },
    bytesSent: 0,
  };
  const named = image.reference === undefined ? undefined : await engine.inspect(image.reference, signal);
  if (named !== undefined && (await isThere(engine, info, named, image, signal))) return present;
  const id = expectedEngineImageId(image, info);
  const unnamed = await engine.inspect(id, signal);
  if (unnamed === undefined || !(await isThere(engine, info, unnamed, image, signal))) return undefined;
  if (image.reference === undefined) return present;
  // An existing image can only get a tag; a digest name comes with a load or pull.
  if (image.reference.digest !== undefined) return info.imageStore === 'classic' ? present : undefined;
  await engine.tag(id, image.reference, signal);
  return present;
}

/** The layers of an image that other loads bring. */
export interface LowerLayers {
  /** How many of the lowest layers the engine has at the start. */
  readonly present: number;
  /** The first layer that no other load brings. */
  readonly from: number;
  /** Settles when the engine has all below `from`, or cannot get them. */
  readonly areThere?: Promise<void> | undefined;
  /** Sent before, in parts. */
  readonly sentInParts: { readonly layers: number; readonly bytes: () => number };
}

const noLowerLayers: LowerLayers = { present: 0, from: 0, sentInParts: { layers: 0, bytes: () => 0 } };

async function loadImage(
  context: DeliveryContext,
  image: LoadableImage,
  name: string,
  lower: LowerLayers,
): Promise<Delivered> {
  if (lower.from === 0) return loadAndCheck(context, image, name, lower);
  try {
    return await loadAndCheck(context, image, name, lower);
  } catch (error) {
    if (!isDrayError(error, 'ENGINE_LAYER_MISSING', 'ENGINE_LOAD_FAILED', 'ENGINE_IMAGE_MISMATCH'))
      throw error;
    context.emit({
      type: 'warning',
      message: `thin load of ${name} failed, sending every layer: ${reasonOf(error)}`,
    });
    const known = await context.knownChainIds();
    for (const chainId of chainIds(image.diffIds)) known.delete(chainId);
    return loadAndCheck(context, image, name, noLowerLayers);
  }
}

async function loadAndCheck(
  context: DeliveryContext,
  image: LoadableImage,
  name: string,
  { present, from, areThere, sentInParts }: LowerLayers,
): Promise<Delivered> {
  const documents = imageDocuments(image).map(({ descriptor }) => descriptor);
  await receive(context, name, documents);
  const loaded = await loadLayers(context, image, name, { present, from, areThere });
  await checkLoaded(context, loaded.image, name);
  const known = await context.knownChainIds();
  for (const chainId of chainIds(image.diffIds)) known.add(chainId);
  const total = image.layers.length;
  const sent = total - from + sentInParts.layers;
  return {
    delivery: 'load',
    layers: { total, sent, skipped: total - sent },
    bytesSent: loaded.bytesSent + sentInParts.bytes(),
  };
}

/** Sends the layers from `from` on, and waits until the engine has loaded the image. */
export async function loadLayers(
  context: DeliveryContext,
  image: LoadableImage,
  name: string,
  { present, from, areThere }: Pick<LowerLayers, 'present' | 'from' | 'areThere'>,
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

/** Copies missing blobs from the handover location to this node. `name` is the image, for events. */
export async function receive(
  context: DeliveryRun,
  name: string,
  descriptors: readonly Descriptor[],
): Promise<void> {
  const { handover, local, pool, signal } = context;
  if (handover.blobs === local.blobs) return;
  context.emit({ type: 'receiving', reference: name, bytes: totalSize(descriptors) });
  await copyBlobs({
    from: handover.blobs,
    fromLocation: handover.location,
    to: local.blobs,
    toLocation: local.location,
    descriptors,
    pool,
    signal,
  });
}

/** The verified bytes of a blob on this node. */
export async function openVerified(
  { local, signal }: DeliveryRun,
  descriptor: Descriptor,
): Promise<ByteStream> {
  const bytes = await local.blobs.open(descriptor, { signal });
  return verifying(bytes, descriptor, local.location);
}

async function checkLoaded(context: DeliveryContext, image: LoadableImage, name: string): Promise<void> {
  const { engine, info, signal } = context;
  const id = expectedEngineImageId(image, info);
  const tagged = image.reference?.digest === undefined ? image.reference : undefined;
  const found = await engine.inspect(tagged ?? id, signal);
  if (found === undefined || !isSameImage(found, image, info)) {
    const got =
      found === undefined
        ? 'the engine does not have it'
        : found.engineImageId === id
          ? 'the engine has it without its layers'
          : `the engine has ${found.engineImageId} instead of ${id}`;
    throw new EngineError(
      'ENGINE_IMAGE_MISMATCH',
      `cannot find ${name} in the engine after loading it: ${got}`,
    );
  }
  if (info.imageStore === 'containerd') await engine.checkUsable(id, signal);
}

/**
 * An image requested by digest must be known as `name@digest`. The classic store records that only in a pull,
 * which finds every layer present and fetches just the manifest.
 */
async function ensureDigestName(
  { engine, info, emit, signal }: DeliveryContext,
  image: LoadableImage,
): Promise<void> {
  const { reference } = image;
  if (reference?.digest === undefined) return;
  if ((await engine.inspect(reference, signal)) !== undefined) return;
  emit({ type: 'pulling', reference: familiarReference(reference) });
  await engine.pull(withoutTag(reference), info.platform, signal);
}

function withoutTag({ registry, repository, digest }: Reference): Reference {
  return { registry, repository, digest };
}

function totalSize(descriptors: readonly Descriptor[]): number {
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}
