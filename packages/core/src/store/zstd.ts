import { Decompress } from 'fzstd';
import type { ByteStream } from '../blob-store.ts';
import { IntegrityError, reasonOf } from '../errors.ts';

/**
 * The bytes that `compressed`, a zstd stream of any number of frames, holds. Errors of `compressed` come out as they are. `what` names it in
 * messages. In JavaScript on purpose: Node's own decoder (tried in 22.23) silently stops after the first frame and takes a stream cut short
 * for a whole one, and layers of many frames are common (pzstd, zstd:chunked).
 * @throws IntegrityError `SIZE_MISMATCH` for bytes that are no whole zstd stream
 */
export async function* unzstd(compressed: ByteStream, what: string): ByteStream {
  let ready: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => {
    // What the decoder hands out it may go on using as its window.
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
