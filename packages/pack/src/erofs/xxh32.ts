const [prime1, prime2, prime3, prime4, prime5] = [
  ...[0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1],
] as const;

/** @see https://github.com/Cyan4973/xxHash/blob/v0.8.3/doc/xxhash_spec.md#xxh32-algorithm-description */
export function xxh32(bytes: Buffer, seed: number): number {
  const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
  const round = (lane: number, at: number): number =>
    Math.imul(rotated((lane + Math.imul(bytes.readUInt32LE(at), prime2)) | 0, 13), prime1);
  const striped = bytes.length & ~15;
  let lanes = [seed + prime1 + prime2, seed + prime2, seed, seed - prime1];
  for (let at = 0; at < striped; at += 16) lanes = lanes.map((lane, index) => round(lane, at + 4 * index));
  const mixed = lanes.reduce((sum, lane, index) => sum + rotated(lane, [1, 7, 12, 18][index] ?? 0), 0);
  let hash = ((striped === 0 ? seed + prime5 : mixed) + bytes.length) | 0;
  let at = striped;
  for (; at + 4 <= bytes.length; at += 4)
    hash = Math.imul(rotated((hash + Math.imul(bytes.readUInt32LE(at), prime3)) | 0, 17), prime4);
  for (; at < bytes.length; at += 1)
    hash = Math.imul(rotated((hash + Math.imul(bytes.readUInt8(at), prime5)) | 0, 11), prime1);
  hash = Math.imul(hash ^ (hash >>> 15), prime2);
  hash = Math.imul(hash ^ (hash >>> 13), prime3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
