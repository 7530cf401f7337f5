import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { parseJson, printable, reasonOf, systemErrorCode } from '@drayage/core';

/** The content encoding of a body is unknown or wrong. */
export class EncodingError extends Error {}

const decoders: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** A body and the header that says how it is encoded. */
interface EncodedBody {
  readonly body: Readable;
  readonly header: (name: string) => string | undefined;
}

/** A body that is still incomplete after a time limit. */
export class SlowBodyError extends Error {
  readonly code = 'BODY_TOO_SLOW';

  constructor() {
    super('it sends too slowly');
  }
}

/** Time limit for reading a whole body (ms). */
const defaultReadMs = 120_000;

/**
 * Reads at most `limit` bytes of a body, and says whether that was all. Does not read the rest, but gives up
 * the connection.
 * @throws SlowBodyError after `withinMs`; the error of the socket
 */
export async function readAtMost(
  body: Readable,
  limit: number,
  withinMs: number = defaultReadMs,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const timer = setTimeout(() => body.destroy(new SlowBodyError()), withinMs);
  const stream: AsyncIterable<Uint8Array> = body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    // Leaving the loop destroys the body.
    for await (const chunk of stream) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > limit) return { bytes: Buffer.concat(chunks).subarray(0, limit), isWhole: false };
    }
    return { bytes: Buffer.concat(chunks), isWhole: true };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Like {@link readAtMost}, for the decoded body: some servers and proxies encode without being asked. `limit`
 * counts decoded bytes.
 * @throws EncodingError, SlowBodyError; the error of the socket
 */
export async function readDecoded(
  { body, header }: EncodedBody,
  limit: number,
  withinMs: number = defaultReadMs,
): ReturnType<typeof readAtMost> {
  const response = { body, header };
  try {
    return await readAtMost(decoded(response), limit, withinMs);
  } catch (error) {
    if (!(systemErrorCode(error) ?? '').startsWith('Z_')) throw error;
    const reason = `a body that is not ${encodingOf(response) ?? 'encoded'}: ${reasonOf(error)}`;
    throw new EncodingError(reason, { cause: error });
  }
}

/** How a body is encoded; undefined: as it is. */
export function encodingOf({ header }: Pick<EncodedBody, 'header'>): string | undefined {
  const encoding = header('content-encoding')?.trim().toLowerCase() ?? '';
  return encoding === '' || encoding === 'identity' ? undefined : encoding;
}

/**
 * A body without its encoding. Bytes that do not fit the encoding are an error of the stream.
 * @throws EncodingError for an unknown encoding
 */
export function decoded(response: EncodedBody): Readable {
  const { body } = response;
  const encoding = encodingOf(response);
  if (encoding === undefined) return body;
  const decoder = decoders.get(encoding)?.();
  if (decoder === undefined) {
    abandon(body);
    throw new EncodingError(`a body encoded as ${printable(encoding, 40)}`);
  }
  // Errors of the body and of the decoder both reach the decoder's reader.
  return pipeline(body, decoder, () => undefined);
}

/**
 * The JSON value in a decoded body; undefined for anything else, or over `limit` bytes. @throws as {@link
 * readDecoded}
 */
export async function readJson(response: Parameters<typeof readDecoded>[0], limit: number): Promise<unknown> {
  const { bytes, isWhole } = await readDecoded(response, limit);
  try {
    return isWhole ? parseJson(bytes) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a short unwanted body to its end, so that its connection can be used again; cuts off a long one. */
export async function discard({ body }: { readonly body: Readable }): Promise<void> {
  try {
    await readAtMost(body, 64 * 1024);
  } catch {
    // The caller does not need the body, only the connection, and that is lost.
  }
}

/** Discards a body at once, and gives up its connection. */
export function abandon(body: Readable): void {
  body.on('error', () => undefined);
  body.destroy();
}
