import { createHash } from 'node:crypto';
import { digestOf, fromHex, type Digest } from '@drayage/core';

/** Bytes that can be served from any position, from memory or generated while they are read. */
export interface BlobContent {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** The bytes from `start` up to but not including `end`. */
  read(start: number, end: number): Iterable<Uint8Array>;
}

// Not a power of two: a reader that resumes at a wrong multiple of a buffer size gets different bytes.
const patternBytes = 1_048_573;

/** Content held in memory. */
export function bytesContent(bytes: Uint8Array): BlobContent {
  return {
    digest: digestOf(bytes),
    size: bytes.byteLength,
    read: (start, end) => [bytes.subarray(start, end)],
  };
}

/**
 * `size` bytes that compress badly, equal for the same `seed`; uses about 1 MiB of memory for any
 * size.
 */
export function generatedContent(seed: number, size: number): BlobContent {
  const pattern = randomBytes(seed, Math.min(size, patternBytes));
  function* pieces(start: number, end: number): Iterable<Uint8Array> {
    for (let position = start; position < end;) {
      const from = position % pattern.byteLength;
      const chunk = pattern.subarray(from, Math.min(pattern.byteLength, from + end - position));
      yield chunk;
      position += chunk.byteLength;
    }
  }
  // Can be read repeatedly, unlike a generator.
  const read = (start: number, end: number): Iterable<Uint8Array> => ({
    [Symbol.iterator]: () => pieces(start, end)[Symbol.iterator](),
  });
  const hash = createHash('sha256');
  for (const chunk of read(0, size)) hash.update(chunk);
  return { digest: fromHex(hash.digest('hex')), size, read };
}

/** `size` pseudo-random bytes, equal for the same `seed` (xorshift32). */
export function randomBytes(seed: number, size: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1;
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}
