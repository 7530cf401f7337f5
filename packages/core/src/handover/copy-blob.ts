import type { BlobStore, ByteStream, PutOptions } from '../blob-store.ts';
import { IntegrityError, type TransferError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { abortable } from '../store/abort.ts';
import { transferError, type TransferStep } from './transfer-error.ts';

/** One end of a copy; `location` names it in messages, without credentials. */
export interface BlobSource {
  readonly location: string;
  /** The bytes of the blob, from `offset` on. */
  readonly open: (offset: number, signal: AbortSignal | undefined) => Promise<ByteStream>;
}

export interface BlobDestination {
  readonly location: string;
  readonly blobs: BlobStore;
}

export interface CopyBlobRequest {
  readonly descriptor: Descriptor;
  readonly from: BlobSource;
  readonly to: BlobDestination;
  /** See {@link PutOptions}. */
  readonly origin?: PutOptions['origin'];
  /** Called with the size of each chunk read. */
  readonly onBytes?: ((count: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Copies one blob. The destination verifies the bytes as they arrive, continues an interrupted copy where it
 * can, and reads nothing when it has the blob. Resolves with the count of bytes read from the source.
 * @throws TransferError with operation, side, digest and location; the code is that of the failure
 */
export async function copyBlob(request: CopyBlobRequest): Promise<number> {
  const { descriptor, from, to, origin, onBytes, signal } = request;
  let failure: TransferError | undefined;
  const fail = (operation: TransferStep['operation'], error: unknown): TransferError => {
    failure = transferError(error, { operation, side: 'source', location: from.location, descriptor });
    return failure;
  };
  const open = async (offset: number): Promise<ByteStream> => {
    failure = undefined;
    try {
      const bytes = abortable(await from.open(offset, signal), signal, `read blob ${descriptor.digest}`);
      return observed(bytes, onBytes, (error) => fail('read', error));
    } catch (error) {
      throw fail('open', error);
    }
  };
  try {
    const { bytesRead } = await to.blobs.put(descriptor, open, { origin, signal });
    return bytesRead;
  } catch (error) {
    // A driver may have wrapped the source's error. Wrong bytes are the source's fault too.
    const end =
      error instanceof IntegrityError
        ? ({ side: 'source', location: from.location } as const)
        : ({ side: 'destination', location: to.location } as const);
    throw failure ?? transferError(error, { operation: 'put', ...end, descriptor });
  }
}

async function* observed(
  bytes: ByteStream,
  onBytes: CopyBlobRequest['onBytes'],
  explain: (error: unknown) => TransferError,
): ByteStream {
  try {
    for await (const chunk of bytes) {
      onBytes?.(chunk.byteLength);
      yield chunk;
    }
  } catch (error) {
    throw explain(error);
  }
}
