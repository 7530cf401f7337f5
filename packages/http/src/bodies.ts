import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { printable, reasonOf, systemErrorCode } from '@drayage/core';

/** A body whose content encoding is unknown or does not fit it. */
export class EncodingError extends Error {}

const decoders: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** A body that is still incomplete after a time limit. */
export class SlowBodyError extends Error {
  readonly code = 'BODY_TOO_SLOW';

  constructor() {
    super('it sends too slowly');
  }
}

/** How long a body that is read at once may take (ms). */
const defaultReadMs = 120_000;

/**
 * At most `limit` bytes of a body, and whether that was all of it. The rest is not read: the connection is
 * given up.
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
 * As {@link readAtMost}, of the decoded body: some servers and proxies encode unasked. `limit` counts decoded
 * bytes.
 * @throws EncodingError, SlowBodyError; the error of the socket
 */
export async function readDecoded(
  { body, header }: { readonly body: Readable; readonly header: (name: string) => string | undefined },
  limit: number,
  withinMs: number = defaultReadMs,
): ReturnType<typeof readAtMost> {
  const encoding = header('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return readAtMost(body, limit, withinMs);
  const decoder = decoders.get(encoding)?.();
  if (decoder === undefined) {
    abandon(body);
    throw new EncodingError(`a body encoded as ${printable(encoding, 40)}`);
  }
  // An error of either side reaches the reader of the decoder.
  pipeline(body, decoder, () => undefined);
  try {
    return await readAtMost(decoder, limit, withinMs);
  } catch (error) {
    if (!(systemErrorCode(error) ?? '').startsWith('Z_')) throw error;
    throw new EncodingError(`a body that is not ${encoding}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * The JSON value in a decoded body; undefined for anything else, or over `limit` bytes. @throws as {@link
 * readDecoded}
 */
export async function readJson(response: Parameters<typeof readDecoded>[0], limit: number): Promise<unknown> {
  const { bytes, isWhole } = await readDecoded(response, limit);
  try {
    return isWhole ? JSON.parse(bytes.toString('utf8')) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a short unwanted body to its end, so that its connection can be used again; cuts off a long one. */
export async function discard({ body }: { readonly body: Readable }): Promise<void> {
  try {
    await readAtMost(body, 64 * 1024);
  } catch {
    // Only the connection was of use, and it is gone.
  }
}

/** Lets go of a body at once, whatever is left of it; the connection is given up. */
export function abandon(body: Readable): void {
  body.on('error', () => undefined);
  body.destroy();
}
