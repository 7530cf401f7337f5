import type { Readable } from 'node:stream';
import {
  DrayError,
  abortable,
  fromHex,
  hexOf,
  isObject,
  throwIfAborted,
  verifying,
  type BlobStore,
  type ByteStream,
  type Descriptor,
  type Digest,
  type OpenOptions,
} from '@drayage/core';
import {
  ResumingStream,
  abandon,
  discard,
  operationError,
  rangeFrom,
  readJson,
  surplusBytes,
  unreachable,
  type FinalResponse,
  type Operation,
  type PartialBody,
} from '@drayage/http';
import type { BlobInfo } from '@drayage/core/bundle';
import { operationAt, type Place } from './place.ts';
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
      let failure: unknown;
      const body = async (): Promise<{ bytes: ByteStream; sizeBytes: number }> => {
        const source = abortable(await open(0), signal, operation.title);
        const onFailure = (error: unknown): void => {
          failure = error;
        };
        return {
          bytes: wholeOrNothing(verifying(source, descriptor, 'its source'), onFailure),
          sizeBytes: size,
        };
      };
      await client.persist(operation, signal, async () => {
        try {
          await writer.write(operation, pathOf(digest), body, signal);
        } catch (error) {
          throw failure ?? error;
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

/**
 * Yields the last chunk only after the source has ended without error: a server rejects a body without it.
 */
async function* wholeOrNothing(bytes: ByteStream, onFailure: (error: unknown) => void): ByteStream {
  let held: Uint8Array | undefined;
  try {
    for await (const chunk of bytes) {
      if (chunk.byteLength === 0) continue;
      if (held !== undefined) yield held;
      held = chunk;
    }
  } catch (error) {
    onFailure(error);
    throw error;
  }
  if (held !== undefined) yield held;
}

async function openBlob(
  place: Place,
  { digest, size }: Descriptor,
  { offset = 0, signal }: OpenOptions,
): Promise<Readable> {
  const { client } = place;
  const operation = operationAt(place, 'read', `blob ${digest}`, { direction: 'from', digest });
  const reopen = async (start: number, stop: AbortSignal | undefined): Promise<PartialBody<Operation>> => {
    const request = { method: 'GET', path: pathOf(digest), headers: rangeFrom(start), signal: stop };
    const response = await client.request(operation, request, [404, 410]);
    if (response.status < 400) {
      return { operation, body: response.body, skip: skipOf(operation, response, start) };
    }
    await discard(response);
    throw new DrayError('BLOB_MISSING', `cannot ${operation.title}: it is not there`, {
      hint: 'Run the pre-pull again.',
    });
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

/** A server may ignore a range, but must not return another one. */
function skipOf(operation: Operation, response: FinalResponse, start: number): number {
  const skip = surplusBytes(response, start);
  if (skip !== undefined) return skip;
  abandon(response.body);
  throw operationError(operation, 'TRANSPORT_IO', `${response.url.host} returned a different range`);
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
