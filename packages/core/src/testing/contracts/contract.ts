import type { ByteStream } from '../../blob-store.ts';
import { systemErrorCode } from '../../errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { createRandom } from '../random.ts';

/** One behaviour that every driver must show. Register `run` under `name` with any test runner; it rejects when the behaviour is missing. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** What a case works on: a fresh, empty place. */
export interface ContractSubject<Subject> {
  readonly subject: Subject;
  /** Removes the place. */
  readonly dispose: () => Promise<void>;
}

/** Makes a case of `behaviour`, with a place of its own. */
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

/** Bytes with their descriptor. */
export interface SampleBlob {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

/** A blob of `size` random bytes. */
export function sampleBlob(size: number, seed: number = size + 1): SampleBlob {
  const bytes = createRandom(seed).bytes(size);
  return { bytes, descriptor: { mediaType: 'application/octet-stream', digest: digestOf(bytes), size } };
}

/** `bytes` in chunks, as a network gives them. */
export async function* streamOf(bytes: Uint8Array, chunkBytes: number = 64 * 1024): ByteStream {
  for (let start = 0; start < bytes.byteLength; start += chunkBytes) {
    yield await Promise.resolve(bytes.subarray(start, start + chunkBytes));
  }
}

/** All bytes of a stream. */
export async function bytesOf(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What `promise` rejects with. @throws Error when it does not */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  const settled = await promise.then(
    () => ({ error: undefined, isRejected: false }),
    (error: unknown) => ({ error, isRejected: true }),
  );
  if (!settled.isRejected) throw new Error('it should have been rejected');
  return settled.error;
}

/** The `code` that `promise` rejects with, undefined when the error has none. Works across copies of the error classes. */
export async function rejectionCode(promise: Promise<unknown>): Promise<string | undefined> {
  return systemErrorCode(await rejectionOf(promise));
}
