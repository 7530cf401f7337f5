import type { BlobIngest, BlobStore, PutOptions } from '../blob-store.ts';
import type { BundleEntry } from '../bundle/bundle-index.ts';
import type { Pool } from '../handover/pool.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import type { Digest } from '../image/digest.ts';
import type { Platform } from '../image/platform.ts';
import type { DocumentStore, Transport } from '../transport.ts';
import type { PrepullEvent } from './events.ts';

/** How a bundle holds layers: compressed as in the registry, packed into a file to mount, or both. */
export type BundleForm = 'layers' | 'packs' | 'both';

/** Everything a run needs to bring images into a bundle. */
export interface BundleContext {
  readonly blobs: BlobStore & BlobIngest;
  readonly documents: DocumentStore;
  /** Names the bundle in messages. */
  readonly location: string;
  readonly handover: Transport | undefined;
  /** The repository of the blobs; undefined when they belong to more than one image. */
  readonly origin?: PutOptions['origin'];
  readonly platform: Platform;
  /** `packs`: layers stay on this node, to be packed. */
  readonly form: BundleForm;
  /** The diffIds of layers in packs of the bundle: fetched only when `form` is `both`. */
  readonly packed: ReadonlySet<Digest>;
  /** Runs every request that moves bytes. */
  readonly pool: Pool;
  /** Blobs that any image of this run is fetching. */
  readonly inFlight: Map<Digest, Promise<void>>;
  /** Blobs that the handover location had already, so that the bundle does without them. */
  readonly elsewhere: Set<Digest>;
  readonly emit: (event: PrepullEvent) => void;
  readonly signal: AbortSignal | undefined;
}

export interface FetchedImage {
  readonly entry: BundleEntry;
  readonly manifestDigest: Digest;
  readonly configDigest: Digest;
  /** Bytes of all its blobs, as stored. */
  readonly bytes: number;
  readonly layers: number;
  /** True: only the handover location has all blobs, so only its index lists the image. */
  readonly isElsewhere?: boolean | undefined;
}

/** A layer that is in the bundle or on its way. */
export interface ExpectedLayer {
  readonly diffId: Digest;
  readonly layer: Descriptor;
  /** Rejects when the layer does not arrive. */
  readonly arrived: Promise<unknown>;
}

/** Announces an image's layers before they have arrived, so that packing can begin with the first. */
export type Announce = (image: PrepullImage, layers: readonly ExpectedLayer[]) => void;

/** By image, in order: settles when every blob is in the bundle, and handed over if there is a handover. */
export type ImageFetches = ReadonlyMap<PrepullImage, Promise<FetchedImage>>;

/**
 * Provides images. Called once per run, with all its images; does not change the index. When it knows the
 * layers early, it calls `announce` once for each image.
 */
export type ImageOrigin = (
  context: BundleContext,
  images: readonly PrepullImage[],
  announce: Announce,
) => ImageFetches;
