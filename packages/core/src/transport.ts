import type { BlobStore } from './blob-store.ts';

/** The documents of a bundle that change: everything else is content-addressed. */
export type DocumentName = 'index.json' | 'dray-status.json' | 'dray-signature.json';

/**
 * Small mutable documents (under 4 MiB). A write replaces the whole document; a reader gets the old bytes or the new ones, never a mixture.
 * One process writes a document at a time.
 */
export interface DocumentStore {
  /** The document's bytes as last written, or undefined when it was never written. */
  read(name: DocumentName, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  write(name: DocumentName, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Forgets a document; one that is not there is fine. */
  delete(name: DocumentName, signal?: AbortSignal): Promise<void>;
}

/**
 * A way to a place where one bundle is handed over. Its life: made by a driver's factory (no I/O yet), used
 * by one process, closed. `blobs` holds the bundle's content; `documents` holds what names it (`index.json`),
 * who vouches for that (`dray-signature.json`, where a pre-pull signs) and how the pre-pull stands
 * (`dray-status.json`). A writer puts all blobs of an image before it writes the index that names the image.
 */
export interface Transport {
  /** Where it leads, fit for messages: no credentials. */
  readonly location: string;
  readonly blobs: BlobStore;
  readonly documents: DocumentStore;
  /** Ends connections. Safe to call twice. */
  close(): Promise<void>;
}
