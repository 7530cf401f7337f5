import type { ByteStream } from '../../blob-store.ts';
import { systemErrorCode } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { createRandom } from '../random.ts';

/**
 * One behaviour that every driver must show. Register `run` under `name` with any test runner; it rejects
 * when the behaviour is missing.
 */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** The subject of a test case: new and empty. */
export interface ContractSubject<Subject> {
  readonly subject: Subject;
  /** Removes the subject and its data. */
  readonly dispose: () => Promise<void>;
}

/** Makes a test case with its own subject. */
export function contractCase<Subject>(
  name: string,
  create: () => Promise<ContractSubject<Subject>>,
  behaviour: (subject: Subject) => Promise<void>,
): ContractCase {
  return {
    name,
    async run() {
      const { subject, dispose } = await create();
      try {
        await behaviour(subject);
      } finally {
        await dispose();
      }
    },
  };
}

/** Bytes and their descriptor. */
export interface SampleBlob {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

/** A blob of `size` random bytes. */
export function sampleBlob(size: number, seed: number = size + 1): SampleBlob {
  const bytes = createRandom(seed).bytes(size);
  return { bytes, descriptor: { mediaType: 'application/octet-stream', digest: digestOf(bytes), size } };
}

/** Splits `bytes` into chunks, as a network does. */
export async function* streamOf(bytes: Uint8Array, chunkBytes: number = 64 * 1024): ByteStream {
  for (let start = 0; start < bytes.byteLength; start += chunkBytes) {
    yield await Promise.resolve(bytes.subarray(start, start + chunkBytes));
  }
}

export async function bytesOf(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Resolves with the reason that `promise` rejects with. @throws Error when it resolves */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  const settled = await promise.then(
    () => ({ error: undefined, isRejected: false }),
    (error: unknown) => ({ error, isRejected: true }),
  );
  if (!settled.isRejected) throw new Error('expected a rejection');
  return settled.error;
}

/**
 * The `code` of the error that `promise` rejects with, undefined when it has none. Works across copies of the
 * error classes.
 */
export async function rejectionCode(promise: Promise<unknown>): Promise<string | undefined> {
  return systemErrorCode(await rejectionOf(promise));
}
