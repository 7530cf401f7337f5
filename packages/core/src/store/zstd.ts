import { Decompress } from 'fzstd';
import type { ByteStream } from '../blob-store.ts';
import { IntegrityError, reasonOf } from '../errors.ts';

/**
 * Decompresses a zstd stream of any number of frames. Passes on errors of `compressed`. `what` names the
 * stream in messages. JavaScript on purpose: Node's own decoder (tried in 22.23) silently stops after the
 * first frame and accepts a truncated stream, and layers of many frames are common (pzstd, zstd:chunked).
 * @throws IntegrityError `SIZE_MISMATCH` for bytes that are not a complete zstd stream
 */
export async function* unzstd(compressed: ByteStream, what: string): ByteStream {
  let ready: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => {
    // Copy: the decoder may reuse its output as its window.
    if (chunk.byteLength > 0) ready.push(chunk.slice());
  });
  const push = (chunk: Uint8Array, isLast: boolean): readonly Uint8Array[] => {
    ready = [];
    try {
      decoder.push(chunk, isLast);
    } catch (error) {
      throw new IntegrityError('SIZE_MISMATCH', `cannot decompress ${what}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    return ready;
  };
  for await (const chunk of compressed) yield* push(chunk, false);
  yield* push(new Uint8Array(), true);
}
