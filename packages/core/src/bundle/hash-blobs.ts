import pLimit from 'p-limit';
import { IntegrityError, isDrayError, type DrayError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import { throwIfAborted } from '../store/abort.ts';
import { hashFile } from '../store/hash-file.ts';
import { blobPath } from '../store/layout.ts';
import { statRegularFile } from '../store/safe-file.ts';

export interface HashBlobsRequest {
  /** The bundle's directory. */
  readonly dir: string;
  readonly digests: readonly Digest[];
  /** The size of each blob according to the documents (bytes). */
  readonly sizes: ReadonlyMap<Digest, number>;
  /** Blobs read concurrently. */
  readonly concurrency: number;
  /** Called after each blob with its hashed bytes. */
  readonly onBlob: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

export interface DamagedBlob {
  readonly digest: Digest;
  readonly error: DrayError;
}

/**
 * Hashes the files of blobs. Reports a file as damaged, unread, when it is larger than every document says,
 * or when no document names it and it is almost entirely sparse: either could keep a reader busy for hours.
 */
export async function hashBlobs(request: HashBlobsRequest): Promise<readonly DamagedBlob[]> {
  const limit = pLimit(Math.max(1, request.concurrency));
  const found = await Promise.all(request.digests.map((digest) => limit(() => hashBlob(request, digest))));
  return found.filter((blob) => blob !== undefined);
}

async function hashBlob(request: HashBlobsRequest, digest: Digest): Promise<DamagedBlob | undefined> {
  const { onBlob, signal } = request;
  throwIfAborted(signal, 'verify the bundle');
  try {
    onBlob(await checkBlob(request, digest));
    return undefined;
  } catch (error) {
    if (!isDrayError(error, 'BUNDLE_UNSAFE', 'SIZE_MISMATCH', 'DIGEST_MISMATCH', 'BLOB_MISSING')) throw error;
    const { hashed } = error.details;
    onBlob(typeof hashed === 'number' ? hashed : 0);
    return { digest, error };
  }
}

/** Resolves with the number of bytes hashed. */
async function checkBlob({ dir, sizes, signal }: HashBlobsRequest, digest: Digest): Promise<number> {
  const path = blobPath(dir, digest);
  const known = sizes.get(digest);
  const stats = await statRegularFile(path);
  if (stats !== undefined && known !== undefined && stats.size > known) {
    throw refused(digest, `it has ${String(stats.size)} bytes instead of ${String(known)}`);
  }
  if (stats !== undefined && known === undefined && isHollow(stats)) {
    throw refused(
      digest,
      `no image names it, and its ${String(stats.size)} bytes are almost entirely sparse`,
    );
  }
  const { digest: actual, size } = await hashFile(path, signal, stats?.size);
  if (actual === digest) return size;
  throw new IntegrityError('DIGEST_MISMATCH', `cannot use blob ${digest}: its bytes hash to ${actual}`, {
    details: { digest, actual, hashed: size },
  });
}

/** Far more zeros than a file system stores sparsely in any real layer. */
const hollowBytes = 1024 ** 3;

function isHollow({ size, blocks }: { readonly size: number; readonly blocks: number }): boolean {
  return size > hollowBytes && blocks * 512 < size / 256;
}

function refused(digest: Digest, reason: string): IntegrityError {
  return new IntegrityError('SIZE_MISMATCH', `cannot use blob ${digest}: ${reason}`, { details: { digest } });
}
