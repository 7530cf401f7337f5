import type { Readable } from 'node:stream';
import type { Descriptor } from './image/descriptor.ts';
import type { Digest } from './image/digest.ts';

/** Bytes of a blob, from any place. */
export type ByteStream = AsyncIterable<Uint8Array>;

export interface OpenOptions {
  /** First byte wanted (bytes, default 0). */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes, as stored. */
  readonly size: number;
}

/**
 * A content-addressed place for blobs: the bundle on disk, or the far end of a transport.
 *
 * The life of a blob: `put` streams it in; until the last byte has arrived and hashed to its digest nobody sees it (`stat` gives undefined).
 * Then it is there at once and whole, and never changes. Putting a blob that is there already is success without reading the source.
 * Two concurrent puts of one digest both succeed. Readers verify what they read ({@link verifying}); a store need not.
 * Absence is a value (`undefined`), everything else that goes wrong throws.
 */
export interface BlobStore {
  /** The blob's size in bytes, or undefined when it is not there. */
  stat(digest: Digest, signal?: AbortSignal): Promise<BlobInfo | undefined>;

  /** The bytes from `offset` on. The caller reads to the end or destroys the stream. @throws DrayError `BLOB_MISSING` when it is not there */
  open(descriptor: Descriptor, options?: OpenOptions): Promise<Readable>;

  /**
   * Stores one blob. `open` is called with the offset to begin at: 0, or more where an interrupted put can be continued; it may be called
   * again to retry. Resolves once the blob is durable and visible, with what had to be read of the source.
   * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH` (nothing becomes visible); TransferError otherwise
   */
  put(
    descriptor: Descriptor,
    open: (offset: number) => Promise<ByteStream>,
    options?: PutOptions,
  ): Promise<PutResult>;

  /** Every blob, in order of digest. */
  list(signal?: AbortSignal): AsyncIterable<BlobInfo>;

  /** Forgets a blob; one that is not there is fine. */
  delete(digest: Digest, signal?: AbortSignal): Promise<void>;
}

export interface IngestOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface IngestedBlob extends BlobInfo {
  /** False when a blob with this digest was there already. */
  readonly isNew: boolean;
}

/**
 * A place on this node that takes blobs whose digest is not known before their last byte, such as a layer that is compressed while it is
 * read. Apart from that the life of a blob is that of {@link BlobStore}: nobody sees it until it is whole.
 */
export interface BlobIngest {
  /**
   * Stores what `bytes` gives to its end, and tells what it is. A blob that is there already is not replaced. When the source throws, or
   * there is an abort, nothing is kept.
   * @throws TransferError `DISK_FULL`, `STORE_IO`; DrayError `ABORTED`; whatever the source throws
   */
  ingest(bytes: ByteStream, options?: IngestOptions): Promise<IngestedBlob>;
}

export interface PutResult {
  /** Bytes read of the source: 0 when the blob was there already. */
  readonly bytesRead: number;
}
