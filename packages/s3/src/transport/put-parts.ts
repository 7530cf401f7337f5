import type { Descriptor } from '@drayage/core';
import type { Operation } from '@drayage/http';
import { faultOf } from '../api/bucket.ts';
import type { Upload, UploadedPart } from '../api/uploads.ts';
import type { Part } from './parts.ts';
import type { Place } from './place.ts';

export interface PutPartsRequest {
  readonly place: Place;
  readonly operation: Operation;
  readonly descriptor: Descriptor;
  readonly parts: AsyncIterable<Part>;
  readonly signal: AbortSignal | undefined;
}

/** How long to try to let the server delete the parts of a failed upload (ms). */
const abortMs = 10_000;

/**
 * Uploads a blob in parts, several at a time as far as the memory budget goes. The object appears when all
 * have arrived and the source has been verified; after a failure the server is asked to delete the parts.
 */
export async function putParts(request: PutPartsRequest): Promise<void> {
  const { place, operation, descriptor, signal } = request;
  const upload = await place.uploads.start(operation, place.keys.blob(descriptor.digest), signal);
  try {
    await finish(request, upload, await sendParts(request, upload));
  } catch (error) {
    // A lifecycle rule deletes what remains.
    await place.uploads.abort(operation, upload, AbortSignal.timeout(abortMs)).catch(() => undefined);
    throw error;
  }
}

async function sendParts(
  { place, operation, parts, signal }: PutPartsRequest,
  upload: Upload,
): Promise<readonly UploadedPart[]> {
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const sending: Promise<UploadedPart>[] = [];
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    stop.abort();
  };
  try {
    for await (const part of parts) {
      const sent = place.uploads.put(operation, upload, part, both).finally(part.release);
      sent.catch(fail);
      sending.push(sent);
      if (failure !== undefined) break;
    }
  } catch (error) {
    fail(error);
  }
  const settled = await Promise.allSettled(sending);
  if (failure !== undefined) throw failure.error;
  return settled.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}

/** Makes the blob of its parts. A retry may find that the try before succeeded without an answer. */
async function finish(
  { place, operation, descriptor, signal }: PutPartsRequest,
  upload: Upload,
  parts: readonly UploadedPart[],
): Promise<void> {
  try {
    await place.uploads.finish(operation, upload, parts, signal);
  } catch (error) {
    if (faultOf(error) !== 'NoSuchUpload') throw error;
    const found = await place.bucket.head(operation, upload.key, signal);
    if (found?.sizeBytes !== descriptor.size) throw error;
  }
}
