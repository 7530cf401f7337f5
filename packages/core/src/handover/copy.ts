import type { BlobStore, PutOptions } from '../blob-store.ts';
import { distinctDescriptors, type Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { copyBlob } from './copy-blob.ts';
import { planCopy } from './plan.ts';
import type { Pool } from './pool.ts';
import { transferError } from './transfer-error.ts';

export interface CopyRequest {
  readonly from: BlobStore;
  readonly to: BlobStore;
  /** Names the source in messages, without credentials. */
  readonly fromLocation: string;
  /** Names the destination in messages, without credentials. */
  readonly toLocation: string;
  /** The blobs that the destination must end up with; a digest may occur more than once. */
  readonly descriptors: readonly Descriptor[];
  /** See {@link PutOptions}. */
  readonly origin?: PutOptions['origin'];
  /** Runs every request. The caller must not hold one of its slots. */
  readonly pool: Pool;
  /** Called for each chunk, many times a second. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyResult {
  /** Blobs that the destination did not have. */
  readonly blobsCopied: number;
  /** Bytes read from the source. */
  readonly bytesCopied: number;
  /** Bytes not sent because the destination had them. */
  readonly bytesSkipped: number;
}

export interface CopyProgress extends CopyResult {
  /** Bytes of all distinct blobs. */
  readonly bytesTotal: number;
}

/**
 * Copies blobs from one store to another, each distinct digest once. Skips what the destination has. The
 * first failure stops the rest; blobs that arrived stay.
 * @throws TransferError as {@link copyBlob} (`BLOB_MISSING`, `DIGEST_MISMATCH`, `DISK_FULL`, `TRANSPORT_IO`,
 * …)
 */
export async function copyBlobs(request: CopyRequest): Promise<CopyResult> {
  const { from, fromLocation, to, toLocation, descriptors, origin, pool, onProgress, signal } = request;
  const { missing, missingBytes, presentBytes } = planCopy(descriptors, await findPresent(request));
  const tally = { blobsCopied: 0, bytesCopied: 0, bytesSkipped: presentBytes };
  const report = (): void => onProgress?.({ ...tally, bytesTotal: missingBytes + presentBytes });
  const copyOne = async (descriptor: Descriptor, taskSignal: AbortSignal): Promise<void> => {
    const bytesRead = await copyBlob({
      descriptor,
      from: {
        location: fromLocation,
        open: (offset) => from.open(descriptor, { offset, signal: taskSignal }),
      },
      to: { location: toLocation, blobs: to },
      origin,
      onBytes: (count) => {
        tally.bytesCopied += count;
        report();
      },
      signal: taskSignal,
    });
    if (bytesRead > 0) tally.blobsCopied += 1;
    if (bytesRead >= descriptor.size) return;
    tally.bytesSkipped += descriptor.size - bytesRead;
    report();
  };
  await pool.map(missing, copyOne, signal);
  return tally;
}

async function findPresent(request: CopyRequest): Promise<ReadonlySet<Digest>> {
  const { to, toLocation: location, descriptors, pool, signal } = request;
  const sizes = await pool.map(
    distinctDescriptors(descriptors),
    async (descriptor, taskSignal) => {
      try {
        const info = await to.stat(descriptor.digest, taskSignal);
        // A blob with another size is truncated; put replaces it.
        return info?.size === descriptor.size ? descriptor.digest : undefined;
      } catch (error) {
        throw transferError(error, { operation: 'stat', side: 'destination', location, descriptor });
      }
    },
    signal,
  );
  return new Set(sizes.filter((digest) => digest !== undefined));
}
