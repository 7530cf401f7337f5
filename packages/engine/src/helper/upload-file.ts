import type { ClientRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { throwIfAborted, type ByteStream, type HelperFile } from '@drayage/core';
import { oneFileTarBytes, tarBytes } from '../archive/tar-bytes.ts';
import type { Connection } from '../connection.ts';
import { directRequest, refusal } from './direct-request.ts';
import { helperFailed } from './helper-errors.ts';

/** A folder of a container. */
export interface UploadPlace {
  readonly containerId: string;
  readonly folder: string;
}

/**
 * Writes a file into a folder of a container; see `HelperContainer.upload`. Bypasses dockerode, whose chunked
 * requests in small pieces take twice as long.
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
  throwIfAborted(signal, `${verb} the helper container on ${location}`);
  const headers = { 'Content-Type': 'application/x-tar', 'Content-Length': oneFileTarBytes(file.size) };
  const path = `/containers/${containerId}/archive?path=${encodeURIComponent(folder)}`;
  const request = directRequest(connection, path, { method: 'PUT', headers });
  const source: { failure?: unknown } = {};
  try {
    // An engine that refuses responds before it has read everything; that ends the upload.
    const answered = untilAnswered(request);
    const mtime = Math.floor(Date.now() / 1000);
    const body = watched(tarBytes([{ ...file, mode: 0o600, mtime }]), source);
    await Promise.all([answered, pipeline(body, request, signal === undefined ? {} : { signal })]);
  } catch (error) {
    if ('failure' in source) throw source.failure;
    throwIfAborted(signal, `${verb} the helper container on ${location}`);
    throw helperFailed(verb, connection.endpoint, error);
  } finally {
    request.destroy();
  }
}

/** Records what the source throws: the request itself would report only a broken connection. */
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
