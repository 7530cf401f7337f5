import type { ClientRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { IntegrityError, throwIfAborted, type ByteStream, type HelperFile } from '@drayage/core';
import type { Connection } from '../connection.ts';
import { directRequest, refusal } from './direct-request.ts';
import { archiveEnd, fileHeader } from './file-header.ts';
import { helperFailed } from './helper-errors.ts';

/** A folder of a container. */
export interface UploadPlace {
  readonly containerId: string;
  readonly folder: string;
}

/**
 * Writes a file into a folder of a container; see `HelperContainer.upload`. Not through dockerode, which needs twice as long for its chunked
 * request of small pieces.
 * @see Docker API v1.41, PUT /containers/{id}/archive
 */
export async function uploadFile(
  connection: Connection,
  { containerId, folder }: UploadPlace,
  file: HelperFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { location } = connection.endpoint;
  const verb = `upload ${file.name} to`;
  throwIfAborted(signal, `${verb} the helper on ${location}`);
  const header = fileHeader(file.name, file.size, Date.now());
  const end = archiveEnd(file.size);
  const bytes = await file.open();
  const headers = {
    'Content-Type': 'application/x-tar',
    'Content-Length': header.byteLength + file.size + end.byteLength,
  };
  const path = `/containers/${containerId}/archive?path=${encodeURIComponent(folder)}`;
  const request = directRequest(connection, path, { method: 'PUT', headers });
  const source: { failure?: unknown } = {};
  try {
    // An engine that refuses answers before it has read everything: what it says comes first, and ends the sending.
    const answered = untilAnswered(request);
    const body = archive(header, watched(exactly(bytes, file), source), end);
    await Promise.all([answered, pipeline(body, request, signal === undefined ? {} : { signal })]);
  } catch (error) {
    if ('failure' in source) throw source.failure;
    throwIfAborted(signal, `${verb} the helper on ${location}`);
    throw helperFailed(verb, connection.endpoint, error);
  } finally {
    request.destroy();
  }
}

async function* archive(header: Buffer, bytes: ByteStream, end: Buffer): AsyncGenerator<Uint8Array> {
  yield header;
  yield* bytes;
  yield end;
}

async function* exactly(bytes: ByteStream, { name, size }: HelperFile): ByteStream {
  let count = 0;
  for await (const chunk of bytes) {
    count += chunk.byteLength;
    if (count > size) break;
    yield chunk;
  }
  if (count === size) return;
  const came = count > size ? `more than ${String(size)}` : `only ${String(count)} of ${String(size)}`;
  throw new IntegrityError('SIZE_MISMATCH', `cannot upload ${name}: ${came} bytes came`);
}

/** Keeps aside what the source of the bytes throws: the request would say that the connection broke. */
async function* watched(bytes: ByteStream, source: { failure?: unknown }): ByteStream {
  try {
    yield* bytes;
  } catch (error) {
    source.failure = error;
    throw error;
  }
}

function untilAnswered(request: ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => {
      if (response.statusCode === 200) {
        response.resume().once('end', resolve).once('error', reject);
      } else {
        refusal(response).then(reject, reject);
      }
    });
  });
}
