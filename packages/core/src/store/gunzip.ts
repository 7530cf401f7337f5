import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ByteStream } from '../blob-store.ts';

const chunkBytes = 256 * 1024;
/** Decompresses a few chunks ahead, on a thread. */
const options = { chunkSize: chunkBytes, readableHighWaterMark: 4 * chunkBytes };

/**
 * Decompresses a gzip stream of any number of members. Passes on errors of `compressed`.
 * @throws Error with a code that begins with `Z_` for bytes that are not a complete gzip stream
 */
export async function* gunzip(compressed: ByteStream): AsyncGenerator<Buffer> {
  const decoder = createGunzip(options);
  const feeding = pipeline(Readable.from(compressed), decoder);
  feeding.catch(() => undefined);
  try {
    for await (const chunk of decoder) if (Buffer.isBuffer(chunk)) yield chunk;
    await feeding;
  } finally {
    decoder.destroy();
  }
}
