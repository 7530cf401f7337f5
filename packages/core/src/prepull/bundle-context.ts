import type { BlobIngest, BlobStore } from '../blob-store.ts';
import type { BundleEntry } from '../bundle/bundle-index.ts';
import type { Pool } from '../handover/pool.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import type { Digest } from '../image/digest.ts';
import type { Platform } from '../image/platform.ts';
import type { DocumentStore, Transport } from '../transport.ts';
import type { PrepullEvent } from './events.ts';

/** What a bundle holds of the layers: as the registry compressed them, as a file to mount, or both. */
export type BundleForm = 'layers' | 'packs' | 'both';

/** The run that brings images into a bundle. */
export interface BundleContext {
  readonly blobs: BlobStore & BlobIngest;
  readonly documents: DocumentStore;
  /** Names the bundle in messages. */
  readonly location: string;
  readonly handover: Transport | undefined;
  readonly platform: Platform;
  /** `packs`: layers stay on this node, to be packed. */
  readonly form: BundleForm;
  /** The diffIds of layers in packs of the bundle: they are fetched only where `form` is `both`. */
  readonly packed: ReadonlySet<Digest>;
  /** Every request that moves bytes runs in it. */
  readonly pool: Pool;
  /** Blobs being fetched by any image of this run. */
  readonly inFlight: Map<Digest, Promise<void>>;
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
}

/** A layer that is in the bundle or on its way there. */
export interface ExpectedLayer {
  readonly diffId: Digest;
  readonly layer: Descriptor;
  /** Rejects when it does not arrive. */
  readonly arrived: Promise<unknown>;
}

/** Says which layers an image has, before they have arrived: the first can be packed meanwhile. */
export type Announce = (image: PrepullImage, layers: readonly ExpectedLayer[]) => void;

/**
 * For each image, in order: settles when its every blob is in the bundle, and handed over if there is a
 * handover.
 */
export type ImageFetches = ReadonlyMap<PrepullImage, Promise<FetchedImage>>;

/**
 * Where images come from. Called once for a run, with all its images; adds nothing to the index. An origin
 * that knows layers early calls `announce`, once for each image.
 */
export type ImageOrigin = (
  context: BundleContext,
  images: readonly PrepullImage[],
  announce: Announce,
) => ImageFetches;
