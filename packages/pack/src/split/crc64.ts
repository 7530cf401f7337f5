// Written by hand, in WebAssembly: tar-split needs this CRC over all bytes of a layer, and table
// implementations in JavaScript are slow.
import { createFoldModule, foldReach } from './fold.ts';

/**
 * A running CRC-64 with the ISO 3309 polynomial x^64 + x^4 + x^3 + x + 1, bit-reflected, as in Go's
 * `hash/crc64`.
 */
export interface Crc64 {
  update(bytes: Uint8Array): void;
  /** The CRC of all bytes so far: 8 bytes, big-endian. */
  digest(): Buffer;
}

// Shared by all: it keeps no state between calls.
const { memory, fold } = createFoldModule();
const bytesThere = new Uint8Array(memory);
const words = new Int32Array(memory);
const room = bytesThere.length - foldReach;
const firstWord = foldReach / 4;

/** Starts a CRC-64. */
export function createCrc64(): Crc64 {
  let low = -1;
  let high = -1;
  const takeWord = (word: number): void => {
    const out = low ^ word;
    // Bits that leave the register come back multiplied by x^4 + x^3 + x + 1. The polynomial has so few terms
    // that no table is needed.
    low = high ^ (out << 31) ^ (out << 29) ^ (out << 28);
    high = out ^ (out >>> 1) ^ (out >>> 3) ^ (out >>> 4);
  };
  const takeByte = (byte: number): void => {
    const out = (low ^ byte) << 24;
    low = (low >>> 8) | (high << 24);
    high = (high >>> 8) ^ out ^ (out >>> 1) ^ (out >>> 3) ^ (out >>> 4);
  };
  /** Takes a multiple of 16 bytes from the memory, at least as many as folding leaves. */
  const takeFolded = (length: number): void => {
    words[firstWord] = low ^ (words[firstWord] ?? 0);
    words[firstWord + 1] = high ^ (words[firstWord + 1] ?? 0);
    fold(foldReach, foldReach + length);
    const end = firstWord + length / 4;
    const first = end - foldReach / 4;
    // The last word already has its share of a word that stays.
    const early = words[first] ?? 0;
    words[end - 1] = (words[end - 1] ?? 0) ^ early ^ (early << 8) ^ (early << 24);
    low = 0;
    high = 0;
    for (let at = first; at < end; at += 1) takeWord(words[at] ?? 0);
  };
  return {
    update(bytes) {
      let at = 0;
      while (bytes.length - at >= foldReach) {
        const length = Math.min(room, (bytes.length - at) & ~0xf);
        bytesThere.set(bytes.subarray(at, at + length), foldReach);
        takeFolded(length);
        at += length;
      }
      for (; at < bytes.length; at += 1) takeByte(bytes[at] ?? 0);
    },
    digest() {
      const digest = Buffer.alloc(8);
      digest.writeInt32BE(~high, 0);
      digest.writeInt32BE(~low, 4);
      return digest;
    },
  };
}
