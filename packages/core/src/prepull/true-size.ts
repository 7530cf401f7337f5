import { IntegrityError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';

/**
 * Reads what a name was resolved to. Its size is what the registry announced: when the bytes have the digest
 * but another size, `read` runs once more with the size that they have.
 */
export async function withTrueSize<Result>(
  target: Descriptor,
  read: (target: Descriptor) => Promise<Result>,
): Promise<Result> {
  try {
    return await read(target);
  } catch (error) {
    const size = sizeOfBytes(error, target);
    if (size === undefined) throw error;
    return read({ ...target, size });
  }
}

/** The size that bytes with the digest of `target` had, if that is what `error` is about. */
function sizeOfBytes(error: unknown, target: Descriptor): number | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!(cause instanceof IntegrityError) || cause.code !== 'SIZE_MISMATCH') continue;
    const { digest, receivedBytes } = cause.details;
    if (digest === target.digest && typeof receivedBytes === 'number') return receivedBytes;
  }
  return undefined;
}
