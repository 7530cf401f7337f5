import type { Readable } from 'node:stream';
import {
  DrayError,
  throwIfAborted,
  type BlobStore,
  type Descriptor,
  type Digest,
  type OpenOptions,
} from '@drayage/core';
import { operationAt, readByRanges, type HttpResponse, type Operation } from '@drayage/http';
import { unreachable } from '../api/failures.ts';
import type { BlobFiles } from './blob-files.ts';
import type { BundleLocation } from './bundle-location.ts';
import { blobFileName, filesOfBlob, parseFileName } from './file-names.ts';
import { putBlob } from './put-blob.ts';

/** The blobs of a bundle as files of a generic package. */
export function createBlobs(location: BundleLocation, files: BlobFiles): BlobStore {
  return {
    async stat(digest, signal) {
      throwIfAborted(signal, `look up blob ${digest} in ${location.url}`);
      const file = await files.find(digest, signal);
      return file === undefined ? undefined : { digest, size: file.sizeBytes };
    },
    open: (descriptor, options = {}) => openBlob(location, files, descriptor, options),
    put: async (descriptor, open, { signal } = {}) => putBlob({ location, files, descriptor, open, signal }),
    async *list(signal) {
      files.forget();
      const sizes = new Map<Digest, number>();
      for (const { name } of await files.all(signal)) {
        const own = parseFileName(name);
        if (own?.kind !== 'blob' || sizes.has(own.digest)) continue;
        const file = await files.find(own.digest, signal);
        if (file !== undefined) sizes.set(own.digest, file.sizeBytes);
      }
      for (const [digest, size] of [...sizes].sort(([a], [b]) => (a < b ? -1 : 1))) {
        throwIfAborted(signal, `list blobs of ${location.url}`);
        yield { digest, size };
      }
    },
    async delete(digest, signal) {
      const operation = operationAt(location, 'delete', `blob ${digest}`, { direction: 'of', digest });
      files.forget();
      for (const { file } of filesOfBlob(await files.all(signal), digest)) {
        await location.registry.removeFile(operation, file, signal);
      }
      files.forget();
    },
  };
}

async function openBlob(
  location: BundleLocation,
  files: BlobFiles,
  descriptor: Descriptor,
  { offset = 0, signal }: OpenOptions,
): Promise<Readable> {
  const { digest } = descriptor;
  const { client } = location;
  const operation = operationAt(location, 'read', `blob ${digest}`, { direction: 'from', digest });
  return readByRanges({
    ...{ operation, descriptor, offset, client, signal },
    request: (start, stop) => requestBlob(location, files, { digest, operation, start, signal: stop }),
    toError: (error) => unreachable(operation, error, client.apiUrl.host),
  });
}

interface BlobRequest {
  readonly digest: Digest;
  readonly operation: Operation;
  readonly start: number;
  readonly signal: AbortSignal | undefined;
}

/** Tries the plain name first: only a blob that expired and was uploaded again has another. */
async function requestBlob(
  location: BundleLocation,
  files: BlobFiles,
  { digest, operation, start, signal }: BlobRequest,
): Promise<HttpResponse> {
  const { registry, blobsVersion: version } = location;
  const plain = { version, name: blobFileName(digest, 0) };
  const response = await registry.download(operation, plain, start, signal);
  if (response !== undefined) return response;
  files.forget();
  const newest = filesOfBlob(await files.all(signal), digest).at(-1)?.file;
  const other =
    newest === undefined
      ? undefined
      : await registry.download(operation, { version, name: newest.name }, start, signal);
  if (other !== undefined) return other;
  throw new DrayError('BLOB_MISSING', `cannot ${operation.title}: not found`, {
    hint: 'Run the pre-pull again; blobs expire, see ?keep= in the handover URL.',
  });
}
