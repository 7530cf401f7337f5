import { describe, expect, test } from '@jest/globals';
import { createRandom } from '@drayage/core/testing';
import { createCrc64 } from './crc64.ts';

describe('crc64', () => {
  test('matches the check value of CRC-64/GO-ISO', () => {
    expect(crcOf([Buffer.from('123456789')])).toBe('b90956c775a41001');
  });

  test('of nothing is zero', () => {
    expect(crcOf([])).toBe('0000000000000000');
  });

  test.each([
    ['in small pieces', 10_000, 40],
    ['in pieces of a few blocks', 50_000, 3_000],
    ['in long pieces', 300_000, 200_000],
  ])('matches a table implementation for any cut and alignment: %s', (_, size, longest) => {
    const random = createRandom(64);
    const bytes = Buffer.from(random.bytes(size));
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = random.below(longest);
      pieces.push(bytes.subarray(at, at + length));
      at += length;
    }
    expect(crcOf(pieces)).toBe(byTable(bytes));
  });

  test.each([...Array.from({ length: 150 }, (_, length) => length), 65_472, 65_473, 65_600])(
    'matches a table implementation for %i bytes at once',
    (length) => {
      const bytes = Buffer.from(createRandom(length).bytes(length));
      expect(crcOf([bytes])).toBe(byTable(bytes));
    },
  );

  test('can be computed several times concurrently', () => {
    const [one, other] = [Buffer.alloc(500, 1), Buffer.alloc(500, 2)];
    const both = [createCrc64(), createCrc64()] as const;
    for (let at = 0; at < 500; at += 100) {
      both[0].update(one.subarray(at, at + 100));
      both[1].update(other.subarray(at, at + 100));
    }
    expect(both.map((crc) => crc.digest().toString('hex'))).toEqual([byTable(one), byTable(other)]);
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
