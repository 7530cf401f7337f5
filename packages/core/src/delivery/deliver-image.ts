import type { BlobStore, ByteStream } from '../blob-store.ts';
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
import { familiarReference, type Reference } from '../image/reference.ts';
import { verifying } from '../store/verifying.ts';
import type { DeliveryEvent } from './events.ts';
import { isThere } from './is-there.ts';
import { openPackedLayer, providePack, type PackAccess } from './pack-access.ts';
import type { DeliveryKind, LayerCounts, DeliveryImageReport } from './report.ts';
import { expectedEngineImageId, isSameImage, layersToOmit } from './thin-plan.ts';
import { loadableFrom, locateLayers, type LayerPlace } from './unpacked-image.ts';

/** A store of a bundle's blobs; `location` names it in messages. */
export interface BlobLocation {
  readonly location: string;
  readonly blobs: BlobStore;
}

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

/**
 * Makes one image of the bundle available in the engine, and checks it there. The report states a failure.
 */
export async function deliverImage(
  context: DeliveryContext,
  entry: BundleEntry,
): Promise<DeliveryImageReport> {
  const startedAt = performance.now();
  const reference = entryName(entry);
  let image: LoadableImage | undefined;
  let done: Delivered = { delivery: 'none', layers: { total: 0, sent: 0, skipped: 0 }, bytesSent: 0 };
  let failure: unknown;
  try {
    image = await readImage(context.handover.blobs, entry, context.info.platform);
    done = (await findPresent(context, image)) ?? (await loadImage(context, image, reference));
    await ensureDigestName(context, image);
  } catch (error) {
    failure = error;
  }
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

async function loadImage(context: DeliveryContext, image: LoadableImage, name: string): Promise<Delivered> {
  const known = await context.knownChainIds();
  const omit = layersToOmit(image.diffIds, known);
  if (omit.size === 0) return loadAndCheck(context, image, name, omit);
  try {
    return await loadAndCheck(context, image, name, omit);
  } catch (error) {
    if (!isDrayError(error, 'ENGINE_LAYER_MISSING', 'ENGINE_LOAD_FAILED', 'ENGINE_IMAGE_MISMATCH'))
      throw error;
    context.emit({
      type: 'warning',
      message: `thin load of ${name} failed, sending every layer: ${reasonOf(error)}`,
    });
    for (const chainId of chainIds(image.diffIds)) known.delete(chainId);
    return loadAndCheck(context, image, name, new Set());
  }
}

async function loadAndCheck(
  context: DeliveryContext,
  image: LoadableImage,
  name: string,
  omit: ReadonlySet<number>,
): Promise<Delivered> {
  const { sent, ...counts } = layerCounts(image, omit);
  const packed = context.packs === undefined ? new Map<Digest, LayerInPack>() : context.packed;
  const places = await locateLayers(context.handover.blobs, image, omit, packed, context.signal);
  const loadable = loadableFrom(image, places);
  const layers = [...places.values()].map(({ descriptor }) => descriptor);
  const stored = [...places.values()].filter(({ kind }) => kind !== 'packed');
  const documents = [image.target, image.manifest, image.config];
  await receive(context, name, [...documents, ...stored.map(({ descriptor }) => descriptor)]);
  await provideUnpacked(context, name, [...places.values()]);
  context.emit({
    type: 'loading',
    reference: name,
    bytes: totalSize(layers),
    layers: sent,
    skipped: counts.skipped,
  });
  const { bytesSent } = await context.engine.load({
    image: loadable,
    omit,
    openLayer: (layer) => openLayer(context, layer, [...places.values()]),
    onProgress: (bytes) => {
      context.emit({ type: 'sent', reference: name, bytes });
    },
    signal: context.signal,
  });
  await checkLoaded(context, loadable, name);
  const known = await context.knownChainIds();
  for (const chainId of chainIds(image.diffIds)) known.add(chainId);
  return { delivery: 'load', layers: { sent, ...counts }, bytesSent };
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

function layerCounts(image: LoadableImage, omit: ReadonlySet<number>): LayerCounts {
  const total = image.layers.length;
  return { total, sent: total - omit.size, skipped: omit.size };
}

function totalSize(descriptors: readonly Descriptor[]): number {
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}
