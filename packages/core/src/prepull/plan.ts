import type { LoadableImage } from '../engine.ts';
import { summarizeError, type ErrorSummary } from '../error-summary.ts';
import { planCopy } from '../handover/plan.ts';
import { createPool, type Pool } from '../handover/pool.ts';
import { isAbsence } from '../image-set/locate-image.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import { distinctDescriptors, type Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { imageBlobs } from '../image/image-content.ts';
import { formatPlatform, type Platform } from '../image/platform.ts';
import { familiarReference } from '../image/reference.ts';
import { throwIfAborted } from '../store/abort.ts';
import { hasBlob, readFromSource, type SourceReading } from './read-from-source.ts';

export interface PlanRequest<Delivery> extends SourceReading {
  readonly images: readonly PrepullImage[];
  /** Plans the delivery of an image for `platform` into the engine here; undefined without an engine. */
  readonly planDelivery?: ((image: LoadableImage, platform: Platform) => Promise<Delivery>) | undefined;
  /** Concurrent requests. */
  readonly concurrency: number;
}

/** Sizes of some blobs, each counted once: in total, and in the bundle. */
export interface BundleComparison {
  /** Bytes, as stored. */
  readonly bytes: number;
  /** The part of `bytes` that the bundle already has. */
  readonly bytesInBundle: number;
  readonly bytesToFetch: number;
}

/** The plan for one image; its sizes cover all its blobs. */
export interface ImagePlan<Delivery> extends BundleComparison {
  /** The familiar reference that would be fetched; the requested text when the image was not found. */
  readonly reference: string;
  /** Where it was requested: `compose.yaml:12`. */
  readonly origin?: string | undefined;
  readonly state: 'found' | 'skipped' | 'failed';
  /** The digest of the index or manifest that the reference names now. */
  readonly digest?: Digest | undefined;
  readonly manifestDigest?: Digest | undefined;
  readonly configDigest?: Digest | undefined;
  /** `OS/ARCH[/VARIANT]`. */
  readonly platform?: string | undefined;
  /** Count of layers. */
  readonly layers: number;
  /** The planned delivery into the engine here; absent without an engine. */
  readonly delivery?: Delivery | undefined;
  readonly error?: ErrorSummary | undefined;
}

export interface PrepullPlan<Delivery> extends BundleComparison {
  /** In the requested order. */
  readonly images: readonly ImagePlan<Delivery>[];
}

/**
 * Plans a pre-pull from manifests and configs alone: fetches no layers and writes nothing. The plan of an
 * image states its problem, if any. @throws DrayError `ABORTED`
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
    const content = await pool.run(() => readFromSource(request, image), request.signal);
    const { target, manifest, config, layers, platform } = content;
    const blobs = imageBlobs(content);
    const delivery = await request.planDelivery?.(content, platform);
    const plan: ImagePlan<Delivery> = {
      reference: familiarReference(content.reference),
      ...origin,
      state: 'found',
      digest: target.digest,
      manifestDigest: manifest.digest,
      configDigest: config.digest,
      platform: formatPlatform(platform),
      layers: layers.length,
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

async function compareWithBundle(
  request: SourceReading,
  blobs: readonly Descriptor[],
): Promise<BundleComparison> {
  const distinct = distinctDescriptors(blobs);
  const here = await Promise.all(distinct.map((blob) => hasBlob(request, blob)));
  const present = new Set(distinct.filter((_, position) => here[position]).map(({ digest }) => digest));
  const { missingBytes, presentBytes } = planCopy(distinct, present);
  return { bytes: missingBytes + presentBytes, bytesInBundle: presentBytes, bytesToFetch: missingBytes };
}
