import type { BlobStore } from '../blob-store.ts';
import { readBlobBytes } from '../bundle/read-image.ts';
import type { LoadableImage } from '../engine.ts';
import { summarizeError, type ErrorSummary } from '../error-summary.ts';
import { distinctDescriptors, planCopy } from '../handover/plan.ts';
import { createPool, type Pool } from '../handover/pool.ts';
import { isAbsence } from '../image-set/locate-image.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { checkLayerCount, parseImageConfig, type ImageConfig } from '../image/image-config.ts';
import { checkImageLayers, checkManifestSize, parseManifest, selectManifest } from '../image/manifest.ts';
import type { Manifest } from '../image/manifest.ts';
import { formatPlatform, type Platform } from '../image/platform.ts';
import { familiarReference, type Reference } from '../image/reference.ts';
import type { Source } from '../source.ts';
import { throwIfAborted } from '../store/abort.ts';
import { verifying } from '../store/verifying.ts';
import { resolveImage } from './resolve-image.ts';

export interface PlanRequest<Delivery> {
  readonly images: readonly PrepullImage[];
  readonly platform: Platform;
  readonly source: Source;
  /** The bundle as it is now; nothing is written. */
  readonly blobs: BlobStore;
  /** Says how an image for `platform` would come into the engine here; undefined: there is no engine. */
  readonly planDelivery?: ((image: LoadableImage, platform: Platform) => Promise<Delivery>) | undefined;
  /** Requests at a time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/** Some blobs, each distinct one counted once, and what of them a pre-pull would fetch. */
export interface BundleComparison {
  /** Bytes, as stored. */
  readonly bytes: number;
  /** Of these, in the bundle already. */
  readonly bytesInBundle: number;
  readonly bytesToFetch: number;
}

/** What a pre-pull would do for one image; the sizes are those of all its blobs. */
export interface ImagePlan<Delivery> extends BundleComparison {
  /** Familiar form of what would be taken; of an image that was not found, the text it was asked for with. */
  readonly reference: string;
  /** Where it was asked for: `compose.yaml:12`. */
  readonly origin?: string | undefined;
  readonly state: 'found' | 'skipped' | 'failed';
  /** What the reference names now: the digest of an index or of a manifest. */
  readonly digest?: Digest | undefined;
  readonly manifestDigest?: Digest | undefined;
  readonly configDigest?: Digest | undefined;
  /** `OS/ARCH[/VARIANT]`. */
  readonly platform?: string | undefined;
  /** Count of layers. */
  readonly layers: number;
  /** How it would come into the engine here; absent without an engine. */
  readonly delivery?: Delivery | undefined;
  readonly error?: ErrorSummary | undefined;
}

export interface PrepullPlan<Delivery> extends BundleComparison {
  /** In the order asked for. */
  readonly images: readonly ImagePlan<Delivery>[];
}

/**
 * What a pre-pull would do now, from manifests and configs alone: no layer is fetched, nothing is written. What is wrong with an image is
 * in its plan. @throws DrayError `ABORTED`
 */
export async function planPrepull<Delivery>(request: PlanRequest<Delivery>): Promise<PrepullPlan<Delivery>> {
  const pool = createPool(request.concurrency);
  const planned = await Promise.all(request.images.map((image) => planImage(request, pool, image)));
  throwIfAborted(request.signal, 'plan a pre-pull');
  const sizes = await compareWithBundle(
    request,
    planned.flatMap(({ blobs }) => blobs),
  );
  return { images: planned.map(({ plan }) => plan), ...sizes };
}

type Reading = Omit<PlanRequest<unknown>, 'planDelivery'>;

interface Planned<Delivery> {
  readonly plan: ImagePlan<Delivery>;
  readonly blobs: readonly Descriptor[];
}

async function planImage<Delivery>(
  request: PlanRequest<Delivery>,
  pool: Pool,
  image: PrepullImage,
): Promise<Planned<Delivery>> {
  const { text, optional } = image;
  const origin = image.origin === undefined ? {} : { origin: image.origin };
  try {
    const { loadable, config } = await pool.run(() => readFromSource(request, image), request.signal);
    const { target, manifest } = loadable;
    const blobs = distinctDescriptors([target, manifest, loadable.config, ...loadable.layers]);
    const delivery = await request.planDelivery?.(loadable, config.platform);
    const plan: ImagePlan<Delivery> = {
      reference: loadable.reference === undefined ? text : familiarReference(loadable.reference),
      ...origin,
      state: 'found',
      digest: target.digest,
      manifestDigest: manifest.digest,
      configDigest: loadable.config.digest,
      platform: formatPlatform(config.platform),
      layers: loadable.layers.length,
      ...(await compareWithBundle(request, blobs)),
      ...(delivery === undefined ? {} : { delivery }),
    };
    return { plan, blobs };
  } catch (error) {
    const state = optional && isAbsence(error) ? 'skipped' : 'failed';
    const nothing = { layers: 0, bytes: 0, bytesInBundle: 0, bytesToFetch: 0 };
    return {
      plan: { reference: text, ...origin, state, ...nothing, error: summarizeError(error) },
      blobs: [],
    };
  }
}

async function readFromSource(
  request: Reading,
  image: PrepullImage,
): Promise<{ readonly loadable: LoadableImage; readonly config: ImageConfig }> {
  const { reference, target } = await resolveImage(request.source, image, request.signal);
  const what = familiarReference(reference);
  const targetBytes = await manifestBytes(request, reference, target);
  const top = parseManifest(targetBytes, target.mediaType, what);
  const descriptor = top.kind === 'index' ? selectManifest(top, request.platform, what) : target;
  const bytes = top.kind === 'index' ? await manifestBytes(request, reference, descriptor) : targetBytes;
  const manifest = top.kind === 'index' ? parseManifest(bytes, descriptor.mediaType, what) : top;
  // selectManifest chooses by media type, and parseManifest requires that the bytes agree with it.
  if (manifest.kind === 'index') throw new Error(`index ${target.digest} led to another index`);
  checkImageLayers(manifest, what);
  const configBytes = await readConfig(request, reference, manifest);
  const config = parseImageConfig(configBytes, `the config of ${what}`);
  checkLayerCount(manifest, config, what);
  const content = { target, targetBytes, manifest: descriptor, manifestBytes: bytes, configBytes };
  const parts = { config: manifest.config, layers: manifest.layers, diffIds: config.diffIds };
  return { loadable: { reference, ...content, ...parts }, config };
}

async function manifestBytes(
  request: Reading,
  reference: Reference,
  descriptor: Descriptor,
): Promise<Uint8Array> {
  const what = `the manifest of ${familiarReference(reference)}`;
  checkManifestSize(descriptor.size, what);
  return (await hasBlob(request, descriptor))
    ? readBlobBytes(request.blobs, descriptor, what, request.signal)
    : request.source.fetchManifest(reference, descriptor, request.signal);
}

async function readConfig(request: Reading, reference: Reference, { config }: Manifest): Promise<Uint8Array> {
  const what = `the config of ${familiarReference(reference)}`;
  checkManifestSize(config.size, what);
  if (await hasBlob(request, config)) return readBlobBytes(request.blobs, config, what, request.signal);
  const { signal } = request;
  const bytes = await request.source.openBlob(reference, config, signal === undefined ? {} : { signal });
  return Buffer.concat(await collect(verifying(bytes, config, what)));
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return chunks;
}

async function compareWithBundle(request: Reading, blobs: readonly Descriptor[]): Promise<BundleComparison> {
  const distinct = distinctDescriptors(blobs);
  const here = await Promise.all(distinct.map((blob) => hasBlob(request, blob)));
  const present = new Set(distinct.filter((_, position) => here[position]).map(({ digest }) => digest));
  const { missingBytes, presentBytes } = planCopy(distinct, present);
  return { bytes: missingBytes + presentBytes, bytesInBundle: presentBytes, bytesToFetch: missingBytes };
}

async function hasBlob({ blobs, signal }: Reading, { digest, size }: Descriptor): Promise<boolean> {
  return (await blobs.stat(digest, signal))?.size === size;
}
