import type { Readable } from 'node:stream';

/**
 * At most `limit` bytes of a body, and whether that was all of it. The rest is not read: the connection is
 * given up. Rejects with the error of the socket.
 */
export async function readAtMost(
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop destroys the body.
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > limit) return { bytes: Buffer.concat(chunks).subarray(0, limit), isWhole: false };
  }
  return { bytes: Buffer.concat(chunks), isWhole: true };
}

/** Reads a short unwanted body to its end, so that its connection can be used again; cuts off a long one. */
export async function discard({ body }: { readonly body: AsyncIterable<Uint8Array> }): Promise<void> {
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
