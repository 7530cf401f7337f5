import type { Readable } from 'node:stream';
import {
  DrayError,
  fromHex,
  hexOf,
  isObject,
  throwIfAborted,
  type BlobStore,
  type Descriptor,
  type Digest,
  type OpenOptions,
} from '@drayage/core';
import {
  discard,
  operationAt,
  operationError,
  rangeFrom,
  readByRanges,
  readJson,
  unreachable,
  uploadSource,
  type HttpBody,
  type UploadSource,
} from '@drayage/http';
import type { BlobInfo } from '@drayage/core/bundle';
import type { Place } from './place.ts';
import type { FileWriter } from './write-file.ts';

const folder = 'blobs/sha256/';
const maxListBytes = 64 * 1024 * 1024;
const pathOf = (digest: Digest): string => `${folder}${hexOf(digest)}`;

/** The blobs of a handover location, as the files of a bundle. */
export function createBlobs(place: Place, writer: FileWriter): BlobStore {
  const { client } = place;
  const stat = async (digest: Digest, signal?: AbortSignal): Promise<BlobInfo | undefined> => {
    const operation = operationAt(place, 'look up', `blob ${digest}`, { direction: 'in', digest });
    return client.persist(operation, signal, async () => {
      const response = await client.request(
        operation,
        { method: 'HEAD', path: pathOf(digest), signal },
        [404, 410],
      );
      await discard(response);
      if (response.status >= 400) return undefined;
      const length = response.header('content-length') ?? '';
      if (/^\d+$/.test(length)) return { digest, size: Number(length) };
      throw operationError(operation, 'TRANSPORT_IO', `${client.host} gave no size`);
    });
  };
  return {
    stat,
    open: (descriptor, options = {}) => openBlob(place, descriptor, options),
    async put(descriptor, open, { signal } = {}) {
      const { digest, size } = descriptor;
      const operation = operationAt(place, 'write', `blob ${digest}`, { direction: 'to', digest });
      throwIfAborted(signal, operation.title);
      if ((await stat(digest, signal))?.size === size) return { bytesRead: 0 };
      let source: UploadSource | undefined;
      const body = async (): Promise<HttpBody> => {
        source = uploadSource(await open(0), descriptor, { title: operation.title, signal });
        return { bytes: source.bytes, sizeBytes: size };
      };
      await client.persist(operation, signal, async () => {
        try {
          await writer.write(operation, pathOf(digest), body, signal);
        } catch (error) {
          throw source?.failure() ?? error;
        }
      });
      return { bytesRead: size };
    },
    list: (signal) => listBlobs(place, signal),
    async delete(digest, signal) {
      const operation = operationAt(place, 'delete', `blob ${digest}`, { direction: 'of', digest });
      await client.persist(operation, signal, () => writer.remove(operation, pathOf(digest), signal));
    },
  };
}

function openBlob(place: Place, descriptor: Descriptor, options: OpenOptions): Promise<Readable> {
  const { client } = place;
  const { offset = 0, signal } = options;
  const { digest } = descriptor;
  const operation = operationAt(place, 'read', `blob ${digest}`, { direction: 'from', digest });
  return readByRanges({
    ...{ operation, descriptor, offset, client, signal },
    async request(start, stop) {
      const request = { method: 'GET', path: pathOf(digest), headers: rangeFrom(start), signal: stop };
      const response = await client.request(operation, request, [404, 410]);
      if (response.status < 400) return response;
      await discard(response);
      throw new DrayError('BLOB_MISSING', `cannot ${operation.title}: it is not there`, {
        hint: 'Run the pre-pull again.',
      });
    },
    toError: (error) => unreachable(operation, error, client.host),
  });
}

/** HTTP has no list of files: needs a listing in JSON, as nginx's `autoindex_format json` gives it. */
async function* listBlobs({ client, ...place }: Place, signal?: AbortSignal): AsyncGenerator<BlobInfo> {
  const operation = operationAt(place, 'list', 'blobs', { direction: 'of' });
  const found = await client.persist(operation, signal, async () => {
    const response = await client.request(operation, { method: 'GET', path: folder, signal }, [404]);
    if (response.status !== 404) return readJson(response, maxListBytes);
    await discard(response);
    return [];
  });
  if (!Array.isArray(found)) {
    throw operationError(operation, 'TRANSPORT_IO', `${client.host} lists no files as JSON`, {
      hint: 'Set "autoindex on; autoindex_format json;" in nginx.',
    });
  }
  const entries: readonly unknown[] = found;
  const blobs = entries.flatMap((entry) => blobIn(entry) ?? []);
  yield* blobs.sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function blobIn(entry: unknown): BlobInfo | undefined {
  if (!isObject(entry)) return undefined;
  const { name, size } = entry;
  if (typeof name !== 'string' || typeof size !== 'number' || !/^[0-9a-f]{64}$/.test(name)) return undefined;
  return { digest: fromHex(name), size };
}
