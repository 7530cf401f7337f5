import { readImage } from '../bundle/read-image.ts';
import { entryName, type BundleEntry } from '../bundle/bundle-index.ts';
import type { LoadableImage } from '../engine.ts';
import { EngineError, isDrayError, reasonOf } from '../errors.ts';
import { summarizeError } from '../error-summary.ts';
import { chainIds } from '../image/chain-id.ts';
import { imageDocuments } from '../image/image-content.ts';
import { familiarReference, type Reference } from '../image/reference.ts';
import type { DeliveryContext } from './context.ts';
import { isThere } from './is-there.ts';
import { loadLayers, type LayersToLoad } from './load-layers.ts';
import { receive } from './receive.ts';
import type { DeliveryKind, LayerCounts, DeliveryImageReport } from './report.ts';
import { expectedEngineImageId, isSameImage } from './thin-plan.ts';

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
export interface LowerLayers extends LayersToLoad {
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
