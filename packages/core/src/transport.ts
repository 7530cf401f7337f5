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

/** `unsupported`: the location deletes nothing, or not for this credential. */
export type KeyRemoval = 'removed' | 'unsupported';

/**
 * A handover location with several bundles, each with documents under a key of its own. All keys share the
 * blobs. See `keyName` for what a key may be.
 */
export interface KeyedTransport extends Transport {
  /** The key of this transport's bundle. */
  readonly key: string;
  /** Every key with a document, ordered. */
  keys(signal?: AbortSignal): Promise<readonly string[]>;
  /** The documents of another bundle there. */
  documentsOf(key: string): DocumentStore;
  /** Deletes the documents of a key, and what only they need; succeeds when there are none. */
  removeKey(key: string, signal?: AbortSignal): Promise<KeyRemoval>;
}
