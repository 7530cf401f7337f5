import { createCipheriv, createHash, type Cipher } from 'node:crypto';

const BLOCK = 64 * 1024;

/** Content that is made up while it is read: the same for the same seed and size. */
export interface Filler {
  readonly seed: string;
  readonly sizeBytes: number;
  /** How much of it cannot be compressed, 0 to 1; default: half, like typical layers. */
  readonly randomShare?: number;
}

/** Makes up the bytes of a filler, in blocks that are only valid until the next one is asked for. */
export function* fillerBytes({ seed, sizeBytes, randomShare = 0.5 }: Filler): Generator<Uint8Array> {
  const random = keyStream(seed);
  const block = Math.min(BLOCK, sizeBytes);
  const text = Buffer.alloc(block, `filler ${seed} `);
  const zeros = Buffer.alloc(Math.round(block * randomShare));
  for (let left = sizeBytes; left > 0; left -= block) {
    random.update(zeros).copy(text);
    yield text.subarray(0, Math.min(left, block));
  }
}

/** A stream cipher is the fastest reproducible source of incompressible bytes that Node.js has. */
function keyStream(seed: string): Cipher {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
}
