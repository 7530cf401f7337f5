import type { ByteStream } from '../blob-store.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { createBlobCheck } from './blob-check.ts';

/**
 * Passes `bytes` through and checks them against `descriptor`. `where` names their source in messages. Fails
 * before the reader could mistake wrong bytes for the complete blob.
 * @throws IntegrityError `SIZE_MISMATCH` as soon as there are too many bytes, or at the end when there are
 * too few; `DIGEST_MISMATCH` at the end
 */
export async function* verifying(bytes: ByteStream, descriptor: Descriptor, where: string): ByteStream {
  const check = createBlobCheck(descriptor, where);
  for await (const chunk of bytes) {
    check.update(chunk);
    yield chunk;
  }
  check.finish();
}
