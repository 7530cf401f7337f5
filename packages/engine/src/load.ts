import { Readable } from 'node:stream';
import { throwIfAborted, EngineError, familiarReference, hexOf, isDrayError } from '@drayage/core';
import type { ByteStream, LoadRequest, LoadResult } from '@drayage/core';
import { dockerArchiveEntries } from './archive/docker-archive.ts';
import { omittedDigests } from './archive/layer-entries.ts';
import { ociLayoutEntries } from './archive/oci-layout.ts';
import { tarBytes, type ArchiveEntry } from './archive/tar-bytes.ts';
import type { Connection } from './connection.ts';
import type { EngineEndpoint } from './endpoint/endpoint.ts';
import { engineReason, httpStatus, neverConnected, unreachable } from './engine-errors.ts';
import { readProgress } from './progress.ts';
import { removeUnusable } from './remove-unusable.ts';

// Engines before 23.0 cannot read zstd.
const firstWithZstd = 23;

// What engines report when a layer is neither in the archive nor in their store.
const missingPatterns = [
  /no such file or directory/,
  /layer .* not found/,
  /content digest .* not found/,
  /^Error unpacking image/,
];

/** The state of the upload, apart from the engine's response. */
interface Sending {
  bytesSent: number;
  /** The error of the layers' source. */
  failure?: { readonly error: unknown } | undefined;
}

/** Sends one image and waits until the engine has finished with it. See `Engine.load`. */
export async function loadImage(connection: Connection, request: LoadRequest): Promise<LoadResult> {
  throwIfAborted(request.signal, `load ${nameOf(request)} to ${connection.endpoint.location}`);
  try {
    return await sendImage(connection, request, isLocal(connection.endpoint));
  } catch (error) {
    // The gzip trailer of a layer gave the wrong size.
    if (!isLocal(connection.endpoint) || !isDrayError(error, 'SIZE_MISMATCH')) throw error;
    return sendImage(connection, request, false);
  }
}

/** Sends an image; with `gunzips`, as plain tars where that is quicker for the engine. */
async function sendImage(
  connection: Connection,
  request: LoadRequest,
  gunzips: boolean,
): Promise<LoadResult> {
  const { signal, omittedAreThere, onProgress } = request;
  const entries = await archiveEntries(connection, request, gunzips);
  const sending: Sending = { bytesSent: 0 };
  const archive = tarBytes(entries, omittedAreThere);
  const body = Readable.from(observed(archive, sending, onProgress), { objectMode: false });
  // dockerode listens only once the request is made; until then an error must not end the process.
  body.on('error', () => undefined);
  try {
    await send(connection, request, body);
    return { bytesSent: sending.bytesSent };
  } catch (error) {
    if (connection.info.imageStore === 'containerd') await removeUnusable(connection, request.image);
    if (sending.failure !== undefined) throw sending.failure.error;
    throwIfAborted(signal, `load ${nameOf(request)} to ${connection.endpoint.location}`);
    throw error instanceof EngineError ? error : sendFailed(request, connection.endpoint, error);
  } finally {
    // The engine may respond without reading everything. The error makes dockerode end the request, which
    // would otherwise stay open for good.
    if (!body.readableEnded) body.destroy(new Error('the archive is no longer needed'));
  }
}

function archiveEntries(
  { info }: Connection,
  request: LoadRequest,
  gunzips: boolean,
): Promise<readonly ArchiveEntry[]> {
  if (info.imageStore === 'containerd') return Promise.resolve(ociLayoutEntries(request));
  const readsZstd = Number.parseInt(info.version, 10) >= firstWithZstd;
  return dockerArchiveEntries(request, { readsZstd, gunzips });
}

/** On this machine bytes cost less than the engine's gunzip, which is slower than ours and one thread. */
function isLocal({ address }: EngineEndpoint): boolean {
  return address.kind === 'unix';
}

async function* observed(
  bytes: ByteStream,
  sending: Sending,
  onProgress: LoadRequest['onProgress'],
): ByteStream {
  try {
    for await (const chunk of bytes) {
      yield chunk;
      sending.bytesSent += chunk.byteLength;
      onProgress?.(sending.bytesSent);
    }
  } catch (error) {
    sending.failure = { error };
    throw error;
  }
}

async function send({ docker, endpoint }: Connection, request: LoadRequest, body: Readable): Promise<void> {
  const { signal } = request;
  const response = await docker.loadImage(body, {
    quiet: false,
    ...(signal === undefined ? {} : { abortSignal: signal }),
  });
  for await (const { text, error } of readProgress(response)) {
    // A containerd store loads an image whose layers it cannot unpack, and reports that only as text.
    const trouble = error ?? (text.startsWith('Error unpacking image') ? text : undefined);
    if (trouble !== undefined) throw loadFailed(request, endpoint, trouble);
  }
}

/** Distinguishes a failure that sending every layer would fix from any other. */
function loadFailed(
  request: LoadRequest,
  endpoint: EngineEndpoint,
  reason: string,
  cause?: unknown,
): EngineError {
  const message = `cannot load ${nameOf(request)} to ${endpoint.location}: ${reason}`;
  const options = cause === undefined ? {} : { cause };
  if (!meansMissingLayer(request, reason)) return new EngineError('ENGINE_LOAD_FAILED', message, options);
  const hint = 'Load the image again with all its layers.';
  return new EngineError('ENGINE_LAYER_MISSING', message, { ...options, hint });
}

function meansMissingLayer(request: LoadRequest, reason: string): boolean {
  const omitted = omittedDigests(request);
  if (omitted.length === 0) return false;
  return (
    omitted.some((digest) => reason.includes(hexOf(digest))) || missingPatterns.some((it) => it.test(reason))
  );
}

function sendFailed(request: LoadRequest, endpoint: EngineEndpoint, error: unknown): EngineError {
  if (neverConnected(error)) return unreachable(endpoint, error);
  const reason =
    httpStatus(error) === undefined
      ? `the engine closed the connection (${engineReason(error)})`
      : engineReason(error);
  return loadFailed(request, endpoint, reason, error);
}

function nameOf({ image }: LoadRequest): string {
  return image.reference === undefined ? `image ${image.config.digest}` : familiarReference(image.reference);
}
