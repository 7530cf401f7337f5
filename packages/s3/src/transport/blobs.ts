import type { Readable } from 'node:stream';
import { DrayError, throwIfAborted, type BlobStore, type Descriptor, type OpenOptions } from '@drayage/core';
import { operationAt, readByRanges, unreachable, type Operation } from '@drayage/http';
import type { Place } from './place.ts';
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

function openBlob(place: Place, descriptor: Descriptor, options: OpenOptions): Promise<Readable> {
  const { client, bucket, keys } = place;
  const { offset = 0, signal } = options;
  const { digest } = descriptor;
  const operation = operationAt(place, 'read', `blob ${digest}`, { direction: 'from', digest });
  return readByRanges({
    ...{ operation, descriptor, offset, client, signal },
    async request(start, stop) {
      const response = await bucket.get(operation, keys.blob(digest), start, stop);
      if (response === undefined) throw missing(operation);
      return response;
    },
    toError: (error) => unreachable(operation, error, client.host),
  });
}

function missing({ title }: Operation): DrayError {
  return new DrayError('BLOB_MISSING', `cannot ${title}: it is not there`, {
    hint: 'Run the pre-pull again; blobs expire, see ?keep= of the handover and the lifecycle rules of the bucket.',
  });
}
