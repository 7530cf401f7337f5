import type { BlobStore, ByteStream } from '../blob-store.ts';
import { DrayError, IntegrityError, TransferError, reasonOf } from '../errors.ts';
import type { ErrorCode, TransferSide } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { abortable } from '../store/abort.ts';
import { distinctDescriptors, planCopy } from './plan.ts';
import type { Pool } from './pool.ts';

export interface CopyRequest {
  readonly from: BlobStore;
  readonly to: BlobStore;
  /** Names the source in messages; no credentials. */
  readonly fromLocation: string;
  /** Names the destination in messages; no credentials. */
  readonly toLocation: string;
  /** What the destination shall have afterwards; a digest may occur more than once. */
  readonly descriptors: readonly Descriptor[];
  /** Every request runs in it. The caller must not hold a place of it. */
  readonly pool: Pool;
  /** Called as bytes come in, many times a second. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyProgress {
  /** Bytes read of the source so far. */
  readonly bytesCopied: number;
  /** Bytes that the destination had already. */
  readonly bytesSkipped: number;
  /** Bytes of all distinct blobs. */
  readonly bytesTotal: number;
}

export interface CopyResult {
  /** Bytes read of the source. */
  readonly bytesCopied: number;
  /** Bytes that did not move, because the destination had them. */
  readonly bytesSkipped: number;
}

/**
 * Copies blobs from one place to another, each distinct digest once, verified by the destination. What is there already is not sent. The
 * first failure stops the rest; blobs that arrived stay.
 * @throws TransferError with operation, side and digest; the code is that of the failure (`BLOB_MISSING`, `DIGEST_MISMATCH`, `DISK_FULL`,
 * `TRANSPORT_IO`, …)
 */
export async function copyBlobs(request: CopyRequest): Promise<CopyResult> {
  const present = await findPresent(request);
  const plan = planCopy(request.descriptors, present);
  const tally = createTally(plan.presentBytes, plan.missingBytes + plan.presentBytes, request.onProgress);
  await request.pool.map(
    plan.missing,
    (descriptor, signal) => copyBlob(request, descriptor, tally, signal),
    request.signal,
  );
  return tally.result();
}

async function findPresent({
  to,
  toLocation,
  descriptors,
  pool,
  signal,
}: CopyRequest): Promise<ReadonlySet<Digest>> {
  const sizes = await pool.map(
    distinctDescriptors(descriptors),
    async (descriptor, taskSignal) => {
      try {
        const info = await to.stat(descriptor.digest, taskSignal);
        // A blob of another size was cut short; put replaces it.
        return info?.size === descriptor.size ? descriptor.digest : undefined;
      } catch (error) {
        throw transferError(error, {
          operation: 'stat',
          side: 'destination',
          descriptor,
          location: toLocation,
        });
      }
    },
    signal,
  );
  return new Set(sizes.filter((digest) => digest !== undefined));
}

async function copyBlob(
  request: CopyRequest,
  descriptor: Descriptor,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const source = createSource(request, descriptor, tally, signal);
  try {
    const { bytesRead } = await request.to.put(descriptor, source.open, { signal });
    tally.skipped(Math.max(0, descriptor.size - bytesRead));
  } catch (error) {
    // A driver may have wrapped what the source threw at it. Wrong bytes, too, are the fault of who sent them.
    const isSource = error instanceof IntegrityError;
    throw (
      source.failure() ??
      transferError(error, {
        operation: 'put',
        side: isSource ? 'source' : 'destination',
        descriptor,
        location: isSource ? request.fromLocation : request.toLocation,
      })
    );
  }
}

interface Source {
  readonly open: (offset: number) => Promise<ByteStream>;
  /** Why the stream that was opened last broke, if it did. */
  readonly failure: () => TransferError | undefined;
}

function createSource(
  { from, fromLocation: location }: CopyRequest,
  descriptor: Descriptor,
  tally: Tally,
  signal: AbortSignal,
): Source {
  let failure: TransferError | undefined;
  const fail = (operation: string, error: unknown): TransferError => {
    failure = transferError(error, { operation, side: 'source', descriptor, location });
    return failure;
  };
  return {
    failure: () => failure,
    open: async (offset) => {
      failure = undefined;
      try {
        const bytes = await from.open(descriptor, { offset, signal });
        const stoppable = abortable(bytes, signal, `read blob ${descriptor.digest}`);
        return counting(stoppable, tally, (error) => fail('read', error));
      } catch (error) {
        throw fail('open', error);
      }
    },
  };
}

async function* counting(
  bytes: ByteStream,
  tally: Tally,
  explain: (error: unknown) => TransferError,
): ByteStream {
  try {
    for await (const chunk of bytes) {
      tally.copied(chunk.byteLength);
      yield chunk;
    }
  } catch (error) {
    throw explain(error);
  }
}

interface Tally {
  copied(bytes: number): void;
  skipped(bytes: number): void;
  result(): CopyResult;
}

function createTally(presentBytes: number, bytesTotal: number, onProgress: CopyRequest['onProgress']): Tally {
  let bytesCopied = 0;
  let bytesSkipped = presentBytes;
  const tell = (): void => onProgress?.({ bytesCopied, bytesSkipped, bytesTotal });
  return {
    copied(bytes) {
      bytesCopied += bytes;
      tell();
    },
    skipped(bytes) {
      bytesSkipped += bytes;
      if (bytes > 0) tell();
    },
    result: () => ({ bytesCopied, bytesSkipped }),
  };
}

interface Failure {
  readonly operation: string;
  readonly side: TransferSide;
  readonly descriptor: Descriptor;
  readonly location: string;
}

function transferError(error: unknown, { operation, side, descriptor, location }: Failure): TransferError {
  if (error instanceof TransferError) return error;
  const known = error instanceof DrayError ? error : undefined;
  const code: ErrorCode = known?.code ?? 'TRANSPORT_IO';
  const direction = side === 'source' ? 'from' : 'to';
  return new TransferError(
    code,
    `cannot ${operation} blob ${descriptor.digest} ${direction} ${location}: ${reasonOf(error)}`,
    {
      operation,
      side,
      digest: descriptor.digest,
      cause: error,
      ...(known?.hint === undefined ? {} : { hint: known.hint }),
      ...(known === undefined ? {} : { details: known.details }),
    },
  );
}
