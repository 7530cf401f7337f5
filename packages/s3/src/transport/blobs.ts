import type { Readable } from 'node:stream';
import { DrayError, throwIfAborted, type BlobStore, type Descriptor, type OpenOptions } from '@drayage/core';
import {
  ResumingStream,
  abandon,
  operationError,
  surplusBytes,
  unreachable,
  type HttpResponse,
  type Operation,
  type PartialBody,
} from '@drayage/http';
import { operationAt, type Place } from './place.ts';
import { findBlob, isYoung, putBlob } from './put-blob.ts';

/** The blobs of a handover location; its bundles share them. */
export function createBlobs(place: Place): BlobStore {
  const { bucket, keys } = place;
  return {
    async stat(digest, signal) {
      const operation = operationAt(place, 'look up', `blob ${digest}`, { direction: 'in', digest });
      throwIfAborted(signal, operation.title);
      const size = await findBlob(place, operation, { digest }, signal);
      return size === undefined ? undefined : { digest, size };
    },
    open: (descriptor, options = {}) => openBlob(place, descriptor, options),
    put: (descriptor, open, { signal } = {}) => putBlob({ place, descriptor, open, signal }),
    async *list(signal) {
      const operation = operationAt(place, 'list', 'blobs', { direction: 'of' });
      for await (const { objects } of bucket.list(operation, keys.blobs, signal)) {
        for (const { key, sizeBytes, ageMs } of objects) {
          const own = keys.parse(key);
          if (own?.kind === 'blob' && isYoung(place, ageMs)) yield { digest: own.digest, size: sizeBytes };
        }
      }
    },
    async delete(digest, signal) {
      const operation = operationAt(place, 'delete', `blob ${digest}`, { direction: 'of', digest });
      await bucket.remove(operation, keys.blob(digest), signal);
    },
  };
}

async function openBlob(
  place: Place,
  { digest, size }: Descriptor,
  { offset = 0, signal }: OpenOptions,
): Promise<Readable> {
  const { client } = place;
  const operation = operationAt(place, 'read', `blob ${digest}`, { direction: 'from', digest });
  const reopen = async (start: number, stop: AbortSignal | undefined): Promise<PartialBody<Operation>> => {
    const response = await place.bucket.get(operation, place.keys.blob(digest), start, stop);
    if (response === undefined) throw missing(operation);
    return { operation, body: response.body, skip: skipOf(operation, response, start) };
  };
  const first = await client.persist(operation, signal, () => reopen(offset, signal));
  return new ResumingStream({
    sizeBytes: size,
    offset,
    first,
    reopen,
    retry: client.retry,
    transfer: { operation: operation.name, side: operation.side, digest },
    toError: (_, error) => unreachable(operation, error, client.host),
    signal,
  });
}

function missing({ title }: Operation): DrayError {
  return new DrayError('BLOB_MISSING', `cannot ${title}: it is not there`, {
    hint: 'Run the pre-pull again; blobs expire, see ?keep= of the handover and the lifecycle rules of the bucket.',
  });
}

function skipOf(operation: Operation, response: HttpResponse, start: number): number {
  const skip = surplusBytes(response, start);
  if (skip !== undefined) return skip;
  abandon(response.body);
  throw operationError(operation, 'TRANSPORT_IO', `${response.url.host} returned a different range`);
}
