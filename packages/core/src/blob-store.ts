import type { Readable } from 'node:stream';
import type { Descriptor } from './image/descriptor.ts';
import type { Digest } from './image/digest.ts';

/** The bytes of a blob, from any source. */
export type ByteStream = AsyncIterable<Uint8Array>;

export interface OpenOptions {
  /** First byte to read (bytes, default 0). */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions {
  /** The repository that the blob comes from: a store in the same registry may take it from there. */
  readonly origin?: { readonly registry: string; readonly repository: string } | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes as stored. */
  readonly size: number;
}

/**
 * A content-addressed store of blobs: the bundle on disk, or the far end of a transport.
 *
 * `put` streams a blob in. It stays invisible (`stat` returns undefined) until the last byte has arrived and
 * the bytes match the digest. Then it appears whole, and never changes. Putting a blob that exists succeeds
 * without reading the source. Two concurrent puts of one digest both succeed. Readers verify what they read
 * ({@link verifying}); a store need not. A missing blob is a value (`undefined`); every other problem throws.
 */
export interface BlobStore {
  /** The blob's size in bytes, or undefined when the store lacks it. */
  stat(digest: Digest, signal?: AbortSignal): Promise<BlobInfo | undefined>;

  /**
   * The bytes from `offset` on. The caller reads to the end or destroys the stream. @throws DrayError
   * `BLOB_MISSING` when the store lacks it
   */
  open(descriptor: Descriptor, options?: OpenOptions): Promise<Readable>;

  /**
   * Stores one blob. Calls `open` with the offset to begin at: 0, or more to continue an interrupted put; a
   * retry calls it again. Resolves once the blob is durable and visible, with the count of bytes read from
   * the source.
   * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH` (nothing becomes visible); TransferError
   * otherwise
   */
  put(
    descriptor: Descriptor,
    open: (offset: number) => Promise<ByteStream>,
    options?: PutOptions,
  ): Promise<PutResult>;

  /** Every blob, ordered by digest. */
  list(signal?: AbortSignal): AsyncIterable<BlobInfo>;

  /** Deletes a blob; succeeds when it does not exist. */
  delete(digest: Digest, signal?: AbortSignal): Promise<void>;
}

export interface IngestOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface IngestedBlob extends BlobInfo {
  /** False when a blob with this digest existed already. */
  readonly isNew: boolean;
}

/**
 * Local storage for blobs whose digest is known only after the last byte, such as a layer compressed while it
 * is read. As in {@link BlobStore}, a blob stays invisible until it is complete.
 */
export interface BlobIngest {
  /**
   * Stores `bytes` to their end and returns the descriptor. Does not replace an existing blob. Keeps nothing
   * when the source throws or the signal aborts.
   * @throws TransferError `DISK_FULL`, `STORE_IO`; DrayError `ABORTED`; whatever the source throws
   */
  ingest(bytes: ByteStream, options?: IngestOptions): Promise<IngestedBlob>;
}

export interface PutResult {
  /** Bytes read from the source: 0 when the blob existed already. */
  readonly bytesRead: number;
}
