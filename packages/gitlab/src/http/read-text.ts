import type { Readable } from 'node:stream';

/** At most `limitBytes` of a body as bytes; the rest is not read, and `isWhole` is false. Rejects with the error of the socket. */
export async function readBytes(
  body: Readable,
  limitBytes: number,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunksOf(body)) {
    chunks.push(chunk);
    sizeBytes += chunk.byteLength;
    // Leaving the loop destroys the body.
    if (sizeBytes > limitBytes)
      return { bytes: Buffer.concat(chunks).subarray(0, limitBytes), isWhole: false };
  }
  return { bytes: Buffer.concat(chunks), isWhole: true };
}

/** What a body is made of. */
export function chunksOf(body: Readable): AsyncIterable<Uint8Array> {
  return body;
}
