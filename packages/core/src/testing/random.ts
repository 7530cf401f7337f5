/**
 * Reproducible pseudo-random values: the same seed gives the same values on every machine. Not for secrets.
 */
export interface Random {
  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number;
  bytes(count: number): Uint8Array;
  /** One of `values`. */
  pick<Value>(values: readonly [Value, ...Value[]]): Value;
  /** `length` characters from `alphabet` (default: lower-case letters and digits). */
  text(length: number, alphabet?: string): string;
}

// Cached: jest gives every test file a global object that is slow to read.
const { imul } = Math;

const lettersAndDigits = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A generator seeded with the integer `seed`. */
export function createRandom(seed: number): Random {
  const next = mulberry32(seed);
  const below = (limit: number): number => next() % limit;
  return {
    below,
    bytes: (count) => randomBytes(count, next),
    pick: (values) => values[below(values.length)] ?? values[0],
    text: (length, alphabet = lettersAndDigits) =>
      Array.from({ length }, () => alphabet.charAt(below(alphabet.length))).join(''),
  };
}

/** 32 bits per call, with a period of 2³²: enough to fill gigabytes. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function randomBytes(count: number, next: () => number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(count / 4) * 4);
  const view = new DataView(bytes.buffer);
  for (let position = 0; position < bytes.length; position += 4) view.setUint32(position, next(), true);
  return bytes.subarray(0, count);
}
