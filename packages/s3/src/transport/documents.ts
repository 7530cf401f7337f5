import { throwIfAborted, type DocumentStore } from '@drayage/core';
import { operationAt, operationError, readDecoded } from '@drayage/http';
import type { Place } from './place.ts';

/** More than the port allows. */
const maxDocumentBytes = 8 * 1024 * 1024;

/** The documents of one bundle. A PUT replaces an object whole, and readers see it at once. */
export function createDocuments(place: Place, bundle: string): DocumentStore {
  const { bucket, client, keys } = place;
  return {
    async read(name, signal) {
      const operation = operationAt(place, 'read', name, { direction: 'from' });
      throwIfAborted(signal, operation.title);
      return client.persist(operation, signal, async () => {
        const response = await bucket.get(operation, keys.document(bundle, name), 0, signal);
        if (response === undefined) return undefined;
        const announced = response.header('content-length');
        const { bytes, isWhole } = await readDecoded(response, maxDocumentBytes);
        if (isWhole && (announced === undefined || Number(announced) === bytes.byteLength)) return bytes;
        throw operationError(operation, 'TRANSPORT_IO', 'the answer is incomplete');
      });
    },
    async write(name, bytes, signal) {
      const operation = operationAt(place, 'write', name, { direction: 'to' });
      throwIfAborted(signal, operation.title);
      await bucket.put(operation, keys.document(bundle, name), { bytes }, signal);
    },
    async delete(name, signal) {
      const operation = operationAt(place, 'delete', name, { direction: 'of' });
      throwIfAborted(signal, operation.title);
      await bucket.remove(operation, keys.document(bundle, name), signal);
    },
  };
}
