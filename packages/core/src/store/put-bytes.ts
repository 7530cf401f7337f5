import { Readable } from 'node:stream';
import type { BlobStore } from '../blob-store.ts';
import type { Descriptor } from '../image/descriptor.ts';

/** Stores a small blob from memory, such as a manifest made here. */
export async function putBytes(
  blobs: BlobStore,
  { descriptor, bytes }: { readonly descriptor: Descriptor; readonly bytes: Uint8Array },
  signal?: AbortSignal,
): Promise<void> {
  await blobs.put(descriptor, (offset) => Promise.resolve(Readable.from([bytes.subarray(offset)])), {
    signal,
  });
}
