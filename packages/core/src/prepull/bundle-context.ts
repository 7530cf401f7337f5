import type { BlobStore } from '../blob-store.ts';
import type { BundleEntry } from '../bundle/bundle-index.ts';
import type { Pool } from '../handover/pool.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import type { Digest } from '../image/digest.ts';
import type { Platform } from '../image/platform.ts';
import type { Transport } from '../transport.ts';
import type { PrepullEvent } from './events.ts';

/** What a bundle holds of the layers: as the registry compressed them, as a file to mount, or both. */
export type BundleForm = 'layers' | 'packs' | 'both';

/** What bringing images into a bundle needs to know of the run. */
export interface BundleContext {
  readonly blobs: BlobStore;
  /** Names the bundle in messages. */
  readonly location: string;
  readonly handover: Transport | undefined;
  readonly platform: Platform;
  /** `packs`: layers stay on this node, to be packed. */
  readonly form: BundleForm;
  /** The diffIds of layers that packs of the bundle hold: they are not fetched, unless `form` wants layers too. */
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

/** A layer that is in the bundle, or on its way there. */
export interface ExpectedLayer {
  readonly diffId: Digest;
  readonly layer: Descriptor;
  /** Rejects when it does not come. */
  readonly arrived: Promise<unknown>;
}

/**
 * Brings every blob of one image into the bundle, and to the handover if there is one. Adds nothing to the index. An origin that knows the
 * layers early says so with `announce`, so that the first can be packed while the others are on their way.
 */
export type FetchImage = (
  image: PrepullImage,
  announce: (layers: readonly ExpectedLayer[]) => void,
) => Promise<FetchedImage>;

/** Where images come from; called once for a run. */
export type ImageOrigin = (context: BundleContext) => FetchImage;
