import type { ByteStream } from '../blob-store.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { createBlobCheck } from './blob-check.ts';

/**
 * Passes `bytes` through and requires that they are exactly what `descriptor` names. `where` tells whose bytes they are.
 * Ends with an error before the reader could mistake wrong bytes for the whole blob.
 * @throws IntegrityError `SIZE_MISMATCH` as soon as there are too many bytes or at the end when there are too few, `DIGEST_MISMATCH` at the end
 */
export async function* verifying(bytes: ByteStream, descriptor: Descriptor, where: string): ByteStream {
  const check = createBlobCheck(descriptor, where);
  for await (const chunk of bytes) {
    check.update(chunk);
    yield chunk;
  }
  check.finish();
}
