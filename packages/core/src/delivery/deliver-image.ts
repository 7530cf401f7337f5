import type { BlobStore, ByteStream } from '../blob-store.ts';
import { readImage } from '../bundle/read-image.ts';
import { entryName } from '../bundle/bundle-index.ts';
import type { BundleEntry } from '../bundle/bundle-index.ts';
import type { Engine, EngineInfo, LoadableImage } from '../engine.ts';
import { EngineError, isDrayError, reasonOf } from '../errors.ts';
import { summarizeError } from '../error-summary.ts';
import { copyBlobs } from '../handover/copy.ts';
import type { Pool } from '../handover/pool.ts';
import { chainIds } from '../image/chain-id.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { familiarReference } from '../image/reference.ts';
import type { Reference } from '../image/reference.ts';
import { verifying } from '../store/verifying.ts';
import type { LoadEvent } from './events.ts';
import type { DeliveryKind, LayerCounts, LoadImageReport } from './report.ts';
import { expectedEngineImageId, isSameImage, layersToOmit } from './thin-plan.ts';

/** A place that holds a bundle's blobs, with a name for messages. */
export interface BlobPlace {
  readonly location: string;
  readonly blobs: BlobStore;
}

export interface DeliveryContext {
  readonly engine: Engine;
  readonly info: EngineInfo;
  /** Where the blobs come from. */
  readonly meeting: BlobPlace;
  /** Where they are kept on this node; the same place when there is no handover. */
  readonly local: BlobPlace;
  readonly pool: Pool;
  /** ChainIds that the engine is known to have, asked for once, when the first is needed; the set grows with every delivery. */
  readonly knownChainIds: () => Promise<Set<Digest>>;
  readonly emit: (event: LoadEvent) => void;
  readonly signal: AbortSignal | undefined;
}

/** Makes one image of the bundle available in the engine, and proves it. A failure is told in the report, never thrown. */
export async function deliverImage(context: DeliveryContext, entry: BundleEntry): Promise<LoadImageReport> {
  const startedAt = performance.now();
  const reference = entryName(entry);
  let image: LoadableImage | undefined;
  let done: Delivered = { delivery: 'none', layers: { total: 0, sent: 0, skipped: 0 }, bytesSent: 0 };
  let failure: unknown;
  try {
    image = await readImage(context.meeting.blobs, entry, context.info.platform);
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
  if (named !== undefined && isSameImage(named, image, info)) return present;
  const id = expectedEngineImageId(image, info);
  const unnamed = await engine.inspect(id, signal);
  if (unnamed === undefined || !isSameImage(unnamed, image, info)) return undefined;
  if (image.reference === undefined) return present;
  // Only a tag can be added to an image that is there; a digest name comes with loading or pulling.
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
  const layers = image.layers.filter((_, position) => !omit.has(position));
  const { sent, ...counts } = layerCounts(image, omit);
  await receive(context, name, [image.target, image.manifest, image.config, ...layers]);
  context.emit({
    type: 'loading',
    reference: name,
    bytes: totalSize(layers),
    layers: sent,
    skipped: counts.skipped,
  });
  const { bytesSent } = await context.engine.load({
    image,
    omit,
    openLayer: (layer) => openVerified(context, layer),
    onProgress: (bytes) => {
      context.emit({ type: 'sent', reference: name, bytes });
    },
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  await checkLoaded(context, image, name);
  const known = await context.knownChainIds();
  for (const chainId of chainIds(image.diffIds)) known.add(chainId);
  return { delivery: 'load', layers: { sent, ...counts }, bytesSent };
}

/** Copies what is missing here from where the bundle was handed over. */
async function receive(
  context: DeliveryContext,
  name: string,
  descriptors: readonly Descriptor[],
): Promise<void> {
  const { meeting, local, pool, signal } = context;
  if (meeting.blobs === local.blobs) return;
  context.emit({ type: 'receiving', reference: name, bytes: totalSize(descriptors) });
  await copyBlobs({
    from: meeting.blobs,
    fromLocation: meeting.location,
    to: local.blobs,
    toLocation: local.location,
    descriptors,
    pool,
    signal,
  });
}

async function openVerified({ local, signal }: DeliveryContext, layer: Descriptor): Promise<ByteStream> {
  const bytes = await local.blobs.open(layer, signal === undefined ? {} : { signal });
  return verifying(bytes, layer, local.location);
}

async function checkLoaded(context: DeliveryContext, image: LoadableImage, name: string): Promise<void> {
  const { engine, info, signal } = context;
  const id = expectedEngineImageId(image, info);
  const tagged = image.reference?.digest === undefined ? image.reference : undefined;
  const found = await engine.inspect(tagged ?? id, signal);
  if (found === undefined || !isSameImage(found, image, info)) {
    const got =
      found === undefined ? 'it is not there' : `the engine has ${found.engineImageId} instead of ${id}`;
    throw new EngineError(
      'ENGINE_IMAGE_MISMATCH',
      `cannot find ${name} in the engine after loading it: ${got}`,
    );
  }
  if (info.imageStore === 'containerd') await engine.checkUsable(id, signal);
}

/**
 * An image asked for by digest must be known as `name@digest`. The classic store learns that only from a pull, which finds every layer
 * present and fetches the manifest alone.
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
  return { registry, repository, ...(digest === undefined ? {} : { digest }) };
}

function layerCounts(image: LoadableImage, omit: ReadonlySet<number>): LayerCounts {
  const total = image.layers.length;
  return { total, sent: total - omit.size, skipped: omit.size };
}

function totalSize(descriptors: readonly Descriptor[]): number {
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}
