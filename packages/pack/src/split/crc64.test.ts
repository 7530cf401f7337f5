import { describe, expect, test } from '@jest/globals';
import { createRandom } from '@drayage/core/testing';
import { createCrc64 } from './crc64.ts';

describe('crc64', () => {
  test('gives the check value of CRC-64/GO-ISO', () => {
    expect(crcOf([Buffer.from('123456789')])).toBe('b90956c775a41001');
  });

  test('of nothing is zero', () => {
    expect(crcOf([])).toBe('0000000000000000');
  });

  test('is what the table of the polynomial gives, however the bytes are cut and aligned', () => {
    const random = createRandom(64);
    const bytes = Buffer.from(random.bytes(10_000));
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = random.below(40);
      pieces.push(bytes.subarray(at, at + length));
      at += length;
    }
    expect(crcOf(pieces)).toBe(byTable(bytes));
  });
});

function crcOf(pieces: readonly Buffer[]): string {
  const crc = createCrc64();
  for (const piece of pieces) crc.update(piece);
  return crc.digest().toString('hex');
}

function byTable(bytes: Buffer): string {
  const table = Array.from({ length: 256 }, (_, index) => {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit += 1) value = (value >> 1n) ^ ((value & 1n) === 1n ? 0xd8n << 56n : 0n);
    return value;
  });
  const all = (1n << 64n) - 1n;
  let crc = all;
  for (const byte of bytes) crc = (table[Number(crc & 0xffn) ^ byte] ?? 0n) ^ (crc >> 8n);
  return (crc ^ all).toString(16).padStart(16, '0');
}
