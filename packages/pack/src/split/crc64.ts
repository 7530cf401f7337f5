/** A running CRC-64 with the ISO 3309 polynomial x^64 + x^4 + x^3 + x + 1, bit-reflected, as Go's `hash/crc64` computes it. */
export interface Crc64 {
  update(bytes: Uint8Array): void;
  /** Of all bytes so far: 8 bytes, big-endian. */
  digest(): Buffer;
}

/** Begins a CRC-64. */
export function createCrc64(): Crc64 {
  let low = -1;
  let high = -1;
  return {
    update(bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const words = bytes.byteLength & ~3;
      for (let at = 0; at < words; at += 4) {
        const out = low ^ view.getInt32(at, true);
        // What leaves the register comes back as its product with x^4 + x^3 + x + 1: the polynomial has so few terms that no table is needed.
        low = high ^ (out << 31) ^ (out << 29) ^ (out << 28);
        high = out ^ (out >>> 1) ^ (out >>> 3) ^ (out >>> 4);
      }
      for (let at = words; at < bytes.byteLength; at += 1) {
        const out = (low ^ view.getUint8(at)) << 24;
        low = (low >>> 8) | (high << 24);
        high = (high >>> 8) ^ out ^ (out >>> 1) ^ (out >>> 3) ^ (out >>> 4);
      }
    },
    digest() {
      const digest = Buffer.alloc(8);
      digest.writeInt32BE(~high, 0);
      digest.writeInt32BE(~low, 4);
      return digest;
    },
  };
}
