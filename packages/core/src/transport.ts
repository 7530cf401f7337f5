import type { BlobStore } from './blob-store.ts';

/** The mutable documents of a bundle; everything else is content-addressed. */
export type DocumentName = 'index.json' | 'dray-status.json' | 'dray-signature.json';

/**
 * Small mutable documents (under 4 MiB). A write replaces the whole document; a reader gets the old or the
 * new bytes, never a mixture. Only one process writes a document at a time.
 */
export interface DocumentStore {
  /** The document's latest bytes, or undefined when it was never written. */
  read(name: DocumentName, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  write(name: DocumentName, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /**
   * Runs `action`, which reads and writes `index.json`, while no other process changes it; undefined: the
   * location cannot, and only one pre-pull at a time may write there.
   */
  readonly exclusively?: (<T>(action: () => Promise<T>, signal?: AbortSignal) => Promise<T>) | undefined;
  /** Deletes a document; succeeds when it does not exist. */
  delete(name: DocumentName, signal?: AbortSignal): Promise<void>;
}

/**
 * Access to a handover location for one bundle. A driver's factory makes it (without I/O), one process uses
 * it and closes it. `blobs` holds the bundle's content. `documents` holds the index (`index.json`), its
 * signature (`dray-signature.json`, if the pre-pull signs) and the status (`dray-status.json`). A writer puts
 * all blobs of an image before it writes the index that lists the image.
 */
export interface Transport {
  /** The location without credentials, for messages. */
  readonly location: string;
  readonly blobs: BlobStore;
  readonly documents: DocumentStore;
  /** Removes unfinished files that killed writers left; undefined: the location keeps none. */
  readonly sweep?: ((signal?: AbortSignal) => Promise<void>) | undefined;
  /** Closes connections; idempotent. */
  close(): Promise<void>;
}

/** A bundle at a handover location that holds several. */
export interface StoredBundle {
  readonly key: string;
  /** Since its documents changed (ms); undefined: unknown. */
  readonly ageMs: number | undefined;
  /** True while its pre-pull seems to run. */
  readonly isRunning?: boolean | undefined;
}

/** What a handover location holds. */
export interface PlaceContents {
  /** Ordered by key. */
  readonly bundles: readonly StoredBundle[];
  /** Count of the blobs that the bundles share; undefined: the location cannot list them. */
  readonly blobs?: number | undefined;
  readonly blobBytes?: number | undefined;
}

/** The result of a clean-up. */
export interface ExpiryReport {
  readonly deletedFiles: number;
  readonly deletedBytes: number;
  /** Why files that should be gone remain; undefined: nothing is left to delete. */
  readonly refusal?: string | undefined;
}
