import type { Readable } from 'node:stream';
import { DrayError, TransferError, throwIfAborted } from '@drayage/core';
import type { BlobStore, Descriptor, Digest, OpenOptions } from '@drayage/core';
import type { Operation } from '../api/operation.ts';
import type { HttpResponse } from '../http/connections.ts';
import type { BlobFiles } from './blob-files.ts';
import { blobFileName, filesOfBlob, parseFileName } from './file-names.ts';
import { operationAt } from './place.ts';
import type { Place } from './place.ts';
import { putBlob } from './put-blob.ts';
import { resumingStream } from './resuming-stream.ts';
import type { PartialBody } from './resuming-stream.ts';

/** The blobs of a bundle as files of a generic package. */
export function createBlobs(place: Place, files: BlobFiles): BlobStore {
  return {
    async stat(digest, signal) {
      throwIfAborted(signal, `look up blob ${digest} in ${place.location}`);
      const file = await files.find(digest, signal);
      return file === undefined ? undefined : { digest, size: file.sizeBytes };
    },
    open: (descriptor, options = {}) => openBlob(place, files, descriptor, options),
    put: async (descriptor, open, { signal } = {}) => putBlob({ place, files, descriptor, open, signal }),
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
        throwIfAborted(signal, `list blobs of ${place.location}`);
        yield { digest, size };
      }
    },
    async delete(digest, signal) {
      const operation = operationAt(place, 'delete', `blob ${digest}`, { direction: 'of', digest });
      files.forget();
      for (const { file } of filesOfBlob(await files.all(signal), digest)) {
        await place.registry.removeFile(operation, file, signal);
      }
      files.forget();
    },
  };
}

async function openBlob(
  place: Place,
  files: BlobFiles,
  descriptor: Descriptor,
  { offset = 0, signal }: OpenOptions,
): Promise<Readable> {
  const { digest, size } = descriptor;
  const { client } = place;
  const operation = operationAt(place, 'read', `blob ${digest}`, { direction: 'from', digest });
  const reopen = async (start: number, stop: AbortSignal | undefined): Promise<PartialBody> => {
    const response = await requestBlob(place, files, { digest, operation, start, signal: stop });
    return bodyFrom(operation, response, start);
  };
  const first = await client.retrying(operation, signal, () => reopen(offset, signal));
  return resumingStream({ operation, client, sizeBytes: size, offset, first, reopen, signal });
}

interface BlobRequest {
  readonly digest: Digest;
  readonly operation: Operation;
  readonly start: number;
  readonly signal: AbortSignal | undefined;
}

/** Nearly always the plain name is right; only a blob that expired and was uploaded again has another. */
async function requestBlob(
  place: Place,
  files: BlobFiles,
  { digest, operation, start, signal }: BlobRequest,
): Promise<HttpResponse> {
  const { registry, blobsVersion: version } = place;
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
  throw new DrayError('BLOB_MISSING', `cannot ${operation.title}: it is not there`, {
    hint: 'Run the pre-pull again; blobs expire, see ?keep= of the handover.',
  });
}

/** A server that does not know ranges sends it all. @see RFC 9110, section 14.2 */
function bodyFrom(operation: Operation, { status, body, header }: HttpResponse, start: number): PartialBody {
  if (status !== 206) return { body, skip: start };
  const from = /^bytes (\d+)-/.exec(header('content-range') ?? '')?.[1];
  if (Number(from) === start) return { body, skip: 0 };
  body.destroy();
  const { title, name, side, digest } = operation;
  throw new TransferError('TRANSPORT_IO', `cannot ${title}: another part came than was asked for`, {
    operation: name,
    side,
    ...(digest === undefined ? {} : { digest }),
  });
}
