import { createHash } from 'node:crypto';
import { IntegrityError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { fromHex } from '../image/digest.ts';

/** Counts and hashes the bytes of one blob. */
export interface BlobCheck {
  /** Bytes seen. */
  readonly size: number;
  /** @throws IntegrityError `SIZE_MISMATCH` as soon as there are too many bytes */
  update(chunk: Uint8Array): void;
  /**
   * Checks that the bytes so far are the complete blob. @throws IntegrityError `SIZE_MISMATCH` (too few),
   * `DIGEST_MISMATCH`
   */
  finish(): void;
}

/** Starts the check of one blob; `where` names the source of the bytes in messages. */
export function createBlobCheck(descriptor: Descriptor, where: string): BlobCheck {
  const hash = createHash('sha256');
  let size = 0;
  return {
    get size() {
      return size;
    },
    update(chunk) {
      size += chunk.byteLength;
      if (size > descriptor.size) {
        throw sizeMismatch(descriptor, where, `received more than ${String(descriptor.size)} bytes`);
      }
      hash.update(chunk);
    },
    finish() {
      if (size < descriptor.size) {
        throw sizeMismatch(
          descriptor,
          where,
          `received only ${String(size)} of ${String(descriptor.size)} bytes`,
        );
      }
      const actual = fromHex(hash.digest('hex'));
      if (actual !== descriptor.digest) throw digestMismatch(descriptor, where, actual);
    },
  };
}

function sizeMismatch(descriptor: Descriptor, where: string, reason: string): IntegrityError {
  return new IntegrityError(
    'SIZE_MISMATCH',
    `cannot use blob ${descriptor.digest} from ${where}: ${reason}`,
    {
      details: { digest: descriptor.digest, size: descriptor.size },
    },
  );
}

function digestMismatch(descriptor: Descriptor, where: string, actual: string): IntegrityError {
  return new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot use blob ${descriptor.digest} from ${where}: its bytes hash to ${actual}`,
    { details: { expected: descriptor.digest, actual } },
  );
}
