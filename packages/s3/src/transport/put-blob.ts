import {
  abortable,
  hexOf,
  throwIfAborted,
  verifying,
  type ByteStream,
  type Descriptor,
  type PutResult,
} from '@drayage/core';
import { operationAt, type Operation } from '@drayage/http';
import { partBytesFor, partsOf } from './parts.ts';
import type { Place } from './place.ts';
import { putParts } from './put-parts.ts';

export interface PutBlobRequest {
  readonly place: Place;
  readonly descriptor: Descriptor;
  readonly open: (offset: number) => Promise<ByteStream>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Uploads one blob as `BlobStore.put` does: a small one with one PUT, a larger one in parts. Its bytes pass
 * through memory part by part, so that a retry sends a part again without reading the source again.
 */
export async function putBlob(request: PutBlobRequest): Promise<PutResult> {
  const { place, descriptor, open, signal } = request;
  const { digest, size } = descriptor;
  const operation = operationAt(place, 'write', `blob ${digest}`, { direction: 'to', digest });
  throwIfAborted(signal, operation.title);
  if ((await findBlob(place, operation, descriptor, signal)) === size) return { bytesRead: 0 };
  const source = verifying(abortable(await open(0), signal, operation.title), descriptor, 'its source');
  const parts = partsOf(source, size, { budget: place.budget, signal });
  if (size > partBytesFor(size)) {
    await putParts({ place, operation, descriptor, parts, signal });
    return { bytesRead: size };
  }
  for await (const { bytes, release } of parts) {
    try {
      // The hash that signs the body is the digest: a server that checks it takes no other bytes.
      const object = { bytes, sha256: hexOf(digest) };
      await place.bucket.put(operation, place.keys.blob(digest), object, signal);
    } finally {
      release();
    }
  }
  return { bytesRead: size };
}

/**
 * The size of a blob (bytes) that will be there long enough to rely on it; undefined: none. A blob counts as
 * there for half of the time that it is kept: who finds it has the other half to use it.
 */
export async function findBlob(
  place: Place,
  operation: Operation,
  { digest }: Pick<Descriptor, 'digest'>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const found = await place.bucket.head(operation, place.keys.blob(digest), signal);
  return found !== undefined && isYoung(place, found.ageMs) ? found.sizeBytes : undefined;
}

/** True in the first half of the time that blobs are kept. */
export function isYoung({ keepMs }: Place, ageMs: number | undefined): boolean {
  return keepMs === undefined || ageMs === undefined || ageMs < keepMs / 2;
}
